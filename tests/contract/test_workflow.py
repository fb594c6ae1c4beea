""".github/workflows/test.yml runs the developer's commands on every supported Python."""

from __future__ import annotations

import re
from typing import Any

import yaml

from tests.template import ROOT, template

WORKFLOW: dict[Any, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text())
JOB: dict[str, Any] = WORKFLOW["jobs"]["test"]


def test_it_runs_demo_and_tests_by_targets_that_exist() -> None:
    runs = [step["run"] for step in JOB["steps"] if "run" in step]
    assert {"make demo", "make check", "make test COVERAGE=1"} <= set(runs)
    makefile = (ROOT / "Makefile").read_text()
    for run in runs:
        assert re.search(rf"^{run.split()[1]}:", makefile, re.MULTILINE), run


def test_it_covers_the_supported_pythons_and_both_instruction_sets() -> None:
    matrix = JOB["strategy"]["matrix"]
    assert matrix == {
        "runner": ["ubuntu-24.04", "ubuntu-24.04-arm"],
        "python": ["3.11", "3.12", "3.13"],
    }
    oldest = re.search(r'requires-python = ">=(\S+)"', (ROOT / "pyproject.toml").read_text())
    assert oldest
    assert oldest.group(1) == matrix["python"][0]
    runtimes = template()["Parameters"]["PythonRuntime"]
    assert {f"python{version}" for version in matrix["python"]} <= set(runtimes["AllowedValues"])
    assert runtimes["Default"] == f"python{matrix['python'][-1]}"


def test_it_may_only_read() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert "secrets." not in (ROOT / ".github" / "workflows" / "test.yml").read_text()


def test_actions_are_pinned_by_commit() -> None:
    """A tag can be moved, a commit cannot. The tag stands behind it, for people and Dependabot."""
    text = (ROOT / ".github" / "workflows" / "test.yml").read_text()
    used = re.findall(r"uses: (.+)", text)
    assert used
    assert [action for action in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}  # v[\d.]+", action)] == []
