"""Functions are flat, and import nothing of each other and nothing of the command."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from tests.template import ROOT

FUNCTIONS = sorted(path.parent for path in (ROOT / "src").glob("*/requirements.in"))


def imported(path: Path) -> set[str]:
    """The top-level names of what a module imports, wherever the import stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a function's folder is flat"
            names.add((node.module or "").partition(".")[0])
    return names


def test_there_are_four() -> None:
    assert [folder.name for folder in FUNCTIONS] == ["generator", "projector", "snapshot", "transformer"]


@pytest.mark.parametrize("folder", FUNCTIONS, ids=lambda folder: folder.name)
def test_a_function_imports_its_own_modules_and_libraries(folder: Path) -> None:
    own = {path.stem for path in folder.glob("*.py")}
    others = {path.stem for other in FUNCTIONS for path in other.glob("*.py") if other != folder} - own
    assert [path for path in folder.rglob("*.py") if path.parent != folder] == []
    for path in folder.glob("*.py"):
        names = imported(path) - set(sys.stdlib_module_names)
        assert names & {"salescast", "tests", "tools"} == set(), path
        assert names & others == set(), path
