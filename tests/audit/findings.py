"""The table of docs/findings.md, and what a run of the tools found."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.template import ROOT

PAGE = ROOT / "docs" / "findings.md"


class Finding(NamedTuple):
    """A tool's check, and where it is not content: resources of the template, or files."""

    tool: str
    check: str
    where: frozenset[str]


def accepted() -> dict[tuple[str, str], Finding]:
    """The findings that the page gives a reason for."""
    rows = re.findall(r"^\| (\w+) \| (\w+) \| .+? \| (`.+?) \| .+ \|$", PAGE.read_text(), re.MULTILINE)
    return {
        (tool, check): Finding(tool, check, frozenset(re.findall(r"`([^`]+)`", where)))
        for tool, check, where in rows
    }


def of_checkov(report: Any) -> Iterator[tuple[str, str, str]]:
    """Tool, check and resource of each failed check in checkov's JSON."""
    for part in report if isinstance(report, list) else [report]:
        for failed in part["results"]["failed_checks"]:
            yield "checkov", failed["check_id"], failed["resource"].split(".")[-1]


def of_bandit(report: Any) -> Iterator[tuple[str, str, str]]:
    """Tool, check and file of each result in bandit's JSON."""
    for result in report["results"]:
        yield "bandit", result["test_id"], result["filename"].removeprefix("./")


def of_parliament(owner: str, report: str) -> Iterator[tuple[str, str, str]]:
    """Tool, check and the policy's owner of each line of parliament's JSON."""
    for line in report.splitlines():
        if line.startswith("{"):
            yield "parliament", json.loads(line)["issue"], owner


def compared(found: Iterator[tuple[str, str, str]] | list[tuple[str, str, str]]) -> list[str]:
    """What the page does not account for, and what it names that is not there any more."""
    places: dict[tuple[str, str], set[str]] = {}
    for tool, check, where in found:
        places.setdefault((tool, check), set()).add(where)
    known = accepted()
    problems = []
    for key, named in sorted(places.items()):
        told = known[key].where if key in known else frozenset()
        problems += [f"{' '.join(key)}: {one} is not in docs/findings.md" for one in sorted(named - told)]
    for key, finding in sorted(known.items()):
        gone = finding.where - places.get(key, set())
        problems += [f"{' '.join(key)}: {one} is not found any more" for one in sorted(gone)]
    return problems
