"""A stack with a few orders, for programs of others: started and ended by the project's own command."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.prefix) / "bin"
ORDERS = 60


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables of `salescast env`, of a stack whose orders have all arrived."""
    folder = Path(os.environ.get("SALESCAST_STATE") or tmp_path_factory.mktemp("stack"))
    salescast = str(ROOT / ".venv/bin/salescast")
    kept = "SALESCAST_STATE" in os.environ
    if not kept:
        command = [salescast, "demo", "--orders", str(ORDERS), "--state", str(folder)]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    try:
        printed = subprocess.run(
            [salescast, "env", "--state", str(folder)], cwd=ROOT, check=True, capture_output=True, text=True
        )
        exported = dict(re.findall(r"^export (\w+)='?([^'\n]*)'?$", printed.stdout, re.MULTILINE))
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        yield inherited | exported | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "AWS_PAGER": ""}
    finally:
        if not kept:
            subprocess.run([salescast, "down", "--state", str(folder)], cwd=ROOT, check=True)
