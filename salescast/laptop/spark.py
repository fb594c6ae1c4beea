"""The environment that the lake's job runs in on this machine, made on first use: .venv-glue."""

import subprocess
from collections.abc import Callable

from salescast.stack.errors import SalescastError
from salescast.stack.state import PROJECT

DONE = PROJECT / ".venv-glue" / ".done"
FETCH = PROJECT / "jobs" / "fetch.sh"


def install(report: Callable[[str], None]) -> None:
    """Make the environment unless it is there. Raises SalescastError with what the script said last."""
    if DONE.exists():
        return
    report("installing Spark of Glue's version into .venv-glue, once (0.9 GB, from PyPI and Maven Central)")
    finished = subprocess.run([str(FETCH)], cwd=PROJECT, capture_output=True, text=True, check=False)
    if finished.returncode:
        lines = (finished.stderr or finished.stdout).strip().splitlines() or ["it says nothing"]
        raise SalescastError(f"Spark was not installed: {lines[-1]}")
