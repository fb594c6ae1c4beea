"""A stack's end: the unedited template deployed, then emptied and deleted. test_laptop.py deploys twice."""

from collections.abc import Iterator

import pytest

from salescast import laptop
from salescast.cli.main import run
from salescast.stack.stack import Stack
from salescast.stack.state import State


@pytest.fixture(scope="module")
def doomed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of this module's own, since its tests destroy it."""
    folder = tmp_path_factory.mktemp("doomed")
    try:
        yield laptop.up(folder, fast=60)
    finally:
        State(folder).down()


def stack_status(stack: Stack) -> str:
    summaries = stack.cloudformation.list_stacks()["StackSummaries"]
    return next(summary["StackStatus"] for summary in summaries if summary["StackName"] == stack.name)


def test_destroy_wants_the_name_of_the_stack(doomed: Stack, capfd: pytest.CaptureFixture[str]) -> None:
    command = ["destroy", "--stack", "another", "--state", str(doomed.state.folder), "--yes"]
    assert run(command) == 1
    assert "is named salescast" in capfd.readouterr().err
    assert stack_status(doomed) == "CREATE_COMPLETE"


def test_destroy_empties_and_deletes(doomed: Stack, capfd: pytest.CaptureFixture[str]) -> None:
    lake = doomed.output("Lake")
    for _ in range(2):  # two versions of one object
        doomed.s3.put_object(Bucket=lake, Key="curated/something", Body=b"x")
    command = ["destroy", "--stack", doomed.name, "--state", str(doomed.state.folder), "--yes"]
    assert run(command) == 0
    assert f"retained: AWS::S3::Bucket {lake}" in capfd.readouterr().out
    assert stack_status(doomed) == "DELETE_COMPLETE"
    versions = doomed.s3.list_object_versions(Bucket=lake)
    assert "Versions" not in versions
    assert "DeleteMarkers" not in versions
