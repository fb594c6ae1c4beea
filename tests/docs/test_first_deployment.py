"""docs/first-deployment.md settles every point that docs/aws-behaviour.md leaves open."""

from __future__ import annotations

import re

from tests.template import ROOT

BEHAVIOUR = (ROOT / "docs" / "aws-behaviour.md").read_text()
CHECKLIST = (ROOT / "docs" / "first-deployment.md").read_text()


def open_sections() -> set[str]:
    """Numbers of the sections that say that something is open; the page's head explains the word."""
    sections = re.split(r"^#{2,3} (?=\d)", BEHAVIOUR, flags=re.MULTILINE)[1:]
    return {section.split()[0] for section in sections if re.search(r"\bopen\b", section, re.IGNORECASE)}


def test_every_open_point_has_a_step() -> None:
    assert len(open_sections()) > 5
    settled = set(re.findall(r"\[([\d.]+)\]\(aws-behaviour\.md#", CHECKLIST))
    named = settled | {"7.6" for _ in re.findall("MonitorPolicy's", CHECKLIST)}
    assert open_sections() - named == set()


def test_steps_are_numbered_in_their_order() -> None:
    numbers = [int(number) for number in re.findall(r"^\| (\d+) \|", CHECKLIST, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
