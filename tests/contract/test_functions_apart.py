"""Functions import nothing of each other and nothing of the command; their packages are one folder deep."""

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
            assert node.level == 0, f"{path}: write the whole name"
            names.add((node.module or "").partition(".")[0])
    return names


def modules(folder: Path) -> set[str]:
    """The top-level names that a function brings."""
    return {path.stem for path in folder.glob("*.py")} | {
        path.parent.name for path in folder.glob("*/__init__.py")
    }


def test_there_are_four() -> None:
    assert [folder.name for folder in FUNCTIONS] == ["generator", "projector", "snapshot", "transformer"]


@pytest.mark.parametrize("folder", FUNCTIONS, ids=lambda folder: folder.name)
def test_a_function_imports_its_own_modules_and_libraries(folder: Path) -> None:
    own = modules(folder)
    others = {name for other in FUNCTIONS if other != folder for name in modules(other)} - own
    paths = sorted(folder.rglob("*.py"))
    assert {len(path.relative_to(folder).parts) for path in paths} <= {1, 2}
    for path in paths:
        names = imported(path) - set(sys.stdlib_module_names)
        assert names & {"salescast", "tests", "tools"} == set(), path
        assert names & others == set(), path
