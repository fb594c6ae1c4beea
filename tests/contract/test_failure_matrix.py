"""docs/failure-matrix.md names tests that exist, and leaves out no row of Firehose's failure table."""

from __future__ import annotations

import re

import pytest

from tests.template import ROOT

TEXT = (ROOT / "docs" / "failure-matrix.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/\S+\.py)::(\w+)`", TEXT)))
# The rows of docs/aws-behaviour.md 2.4, by the words with which the matrix begins its own.
BEGINNINGS = {
    "the function raises": ["the function raises"],
    "it times out": ["it times out"],
    "it is throttled": ["it is throttled"],
    "it may not be called": ["it may not be called"],
    "`ProcessingFailed`": ["ProcessingFailed"],
    "a recordId is missing": ["a recordId is missing"],
    "a recordId comes twice": ["a recordId comes twice"],
    "a recordId was never sent": ["a recordId was never sent"],
    "Ok without data, or of a wrong shape": ["Ok without data", "data of a wrong shape"],
    "the answer is no JSON": ["the answer is no JSON"],
    "an unknown result, bad base64, an answer over 6 MB": [
        "an unknown result", "bad base64", "an answer over 6 MB",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_named_test_exists(path: str, name: str) -> None:
    assert re.search(rf"^def {name}\(", (ROOT / path).read_text(), re.MULTILINE)


def test_every_row_of_a_matrix_names_a_test() -> None:
    matrices = TEXT.split("## Broken on purpose")[0]
    rows = [line for line in matrices.splitlines() if re.match(r"\| (?!row|data \|)[^-]", line)]
    assert len(rows) > 50
    assert [row for row in rows if not re.search(r"`tests/\S+::\w+` \|$", row)] == []


def test_no_row_of_the_failure_table_is_left_out() -> None:
    section = (ROOT / "docs" / "aws-behaviour.md").read_text().split("### 2.4")[1].split("###")[0]
    rows = {line.split(" | ")[0].removeprefix("| ") for line in section.splitlines() if line.startswith("| ")}
    assert rows - {"what happens"} == set(BEGINNINGS)
    for beginning in (one for several in BEGINNINGS.values() for one in several):
        assert f"\n| {beginning} |" in TEXT


def test_the_mutations_are_those_of_the_last_run() -> None:
    quoted = re.findall(
        r"^\| (.+?) \| `\S+` \| `\w+` in \S+ \|", TEXT.split("## Broken on purpose")[1], re.MULTILINE
    )
    source = (ROOT / "tests" / "mutation" / "run.py").read_text()
    assert quoted == re.findall(r'    Mutation\(\n        "(.+)",', source)
