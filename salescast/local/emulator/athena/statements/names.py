"""Names of databases and tables as statements write them, quoted or not."""

import re

PART = r'(?:`[^`]+`|"[^"]+"|[\w$-]+)'
NAME = rf"{PART}(?:\.{PART}){{0,2}}"
_PARTS = re.compile(PART)


def plain(name: str) -> str:
    """A name without its quotes, in the catalog's case."""
    return name.strip().strip('`"').lower()


def split(name: str, database: str) -> tuple[str, str]:
    """(database, table) of a name of one to three parts."""
    parts = [plain(part) for part in _PARTS.findall(name)]
    return (parts[-2] if len(parts) > 1 else database), parts[-1]
