"""Least privilege, action by action: each is needed, and each is listed."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from botocore.exceptions import ClientError

from tests.iam.actors import Actor
from tests.iam.calls import Things
from tests.iam.policies import Allowed, allowed
from tests.iam.rights import EXERCISED, ON_AWS_ONLY, UNKNOWN_TO_EMULATOR, Exercised, OnAwsOnly
from tests.template import ROOT

# Who acts under a role: the modules in which a call of an action "needed on AWS only" would stand.
COMMAND = [
    f"salescast/{room}/*.py" for room in ("cli", "dashboard", "functions", "integrity", "replay", "stack")
]
CALLERS = {
    "GeneratorRole": ["src/generator/*.py"],
    "TransformerRole": ["src/transformer/*.py"],
    "PipeRole": ["salescast/local/movers/pipe/**/*.py", "salescast/local/movers/shard*.py"],
    "DeliveryRole": ["salescast/local/movers/firehose/**/*.py", "salescast/local/movers/shard*.py"],
    "CrawlerRole": ["salescast/local/movers/crawler/**/*.py"],
    "SnapshotRole": ["src/snapshot/*.py"],
    "ProjectorRole": ["src/projector/*.py"],
    "AnalystPolicy": ["salescast/local/emulator/athena/**/*.py", *COMMAND],
    "MonitorPolicy": COMMAND,
}

TEMPLATE = {(one.owner, one.action, one.resource): one for one in allowed()}


def key(right: Exercised | OnAwsOnly) -> tuple[str, str, str]:
    return right.owner, right.action, right.resource


def refusal(error: Exception) -> str:
    """The refused action in an error's text, empty when it is no refusal."""
    found = re.search(r"not authorized to perform: ([\w-]+:\w+)", str(error))
    return found.group(1) if found else ""


def test_every_action_is_in_one_of_the_two_lists() -> None:
    rights: list[Exercised | OnAwsOnly] = [*EXERCISED, *ON_AWS_ONLY]
    listed = Counter(map(key, rights))
    assert [one for one, count in listed.items() if count > 1] == []
    assert sorted(TEMPLATE.keys() - listed.keys()) == [], "in template.yaml, in neither list of rights.py"
    assert sorted(listed.keys() - TEMPLATE.keys()) == [], "in rights.py, not in template.yaml"


@pytest.mark.parametrize(
    "right", [*EXERCISED, *ON_AWS_ONLY], ids=lambda right: f"{right.owner}-{right.action}"
)
def test_its_source_says_so(right: Exercised | OnAwsOnly) -> None:
    text = (ROOT / "docs/aws-behaviour.md").read_text()
    section = re.search(rf"^### {re.escape(right.source)} .*?(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    assert section, right.source
    assert right.action.split(":")[1] in section.group()


@pytest.mark.parametrize("right", EXERCISED, ids=lambda right: f"{right.owner}-{right.action}")
def test_its_caller_makes_the_call(right: Exercised) -> None:
    path, text = right.caller
    assert text in (ROOT / path).read_text()


@pytest.mark.parametrize("right", ON_AWS_ONLY, ids=lambda right: f"{right.owner}-{right.action}")
def test_nothing_here_makes_the_call(right: OnAwsOnly) -> None:
    operation = right.action.split(":")[1]
    call = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).lower()
    made = re.compile(rf"\.{call}\(|\"{call}\"|\"{right.action}\"")
    paths = [path for pattern in CALLERS[right.owner] for path in ROOT.glob(pattern)]
    assert paths
    making = [path.name for path in paths if made.search(path.read_text())]
    assert bool(making) == (right.action in UNKNOWN_TO_EMULATOR), making


@pytest.mark.parametrize("action", UNKNOWN_TO_EMULATOR)
def test_the_emulator_has_no_such_call(action: str, actors: dict[str, Actor], things: Things) -> None:
    (owner,) = [right.owner for right in ON_AWS_ONLY if right.action == action]
    with pytest.raises(ClientError, match="Unknown"):
        UNKNOWN_TO_EMULATOR[action](actors[owner], things)


@pytest.mark.parametrize(
    "right", EXERCISED, ids=lambda right: f"{right.owner}-{right.action}-{right.resource.split(',')[0]}"
)
def test_it_is_enough_and_it_is_needed(right: Exercised, actors: dict[str, Actor], things: Things) -> None:
    actor, where = actors[right.owner], TEMPLATE[key(right)]
    right.call(actor, things)
    actor.lose(where)
    try:
        with pytest.raises((ClientError, PermissionError)) as refused:
            right.call(actor, things)
    finally:
        actor.regain(where)
    assert refusal(refused.value) == right.action
    right.call(actor, things)


def test_a_policy_loses_one_action_only(actors: dict[str, Actor]) -> None:
    """What `lose` puts, read back: the test above would pass if everything were taken."""
    actor = actors["PipeRole"]
    right = next(one for one in TEMPLATE.values() if one.action == "dynamodb:GetRecords")
    assert isinstance(right, Allowed)
    actor.lose(right)
    try:
        iam = actor.deployed.client("iam")
        left = iam.get_role_policy(RoleName=actor.name, PolicyName=right.policy)["PolicyDocument"]
    finally:
        actor.regain(right)
    assert left["Statement"][0]["Action"] == [
        "dynamodb:DescribeStream",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
    ]
