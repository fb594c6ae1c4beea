"""Whether the disk of a stack's folder has room: a full one holds up whatever writes there."""

import shutil
from pathlib import Path

from salescast.stack.errors import SalescastError

# A backup under raw/, a Parquet object and the logs of an hour, with room to spare.
LEAST_BYTES = 100_000_000
LITTLE_BYTES = 1_000_000_000


def free(folder: Path) -> int:
    """Bytes that are left for us on the disk of a folder that exists."""
    return shutil.disk_usage(folder).free


def require_room(folder: Path) -> None:
    """Raise SalescastError, naming the folder, where hardly anything is left."""
    if (left := free(folder)) < LEAST_BYTES:
        raise SalescastError(
            f"the disk of {folder} is full ({left / 1e6:,.0f} MB left); free {LEAST_BYTES / 1e6:,.0f} MB, "
            "or choose a folder on another disk with --state"
        )
