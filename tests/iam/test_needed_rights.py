"""Least privilege, action by action: each is needed, and each is listed."""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.model import OperationModel

from salescast.integrity import health
from salescast.local.movers.clients import Clients
from salescast.local.movers.credentials import account_session
from salescast.local.movers.rights import UndeclaredActionError, action_of
from salescast.stack.services import athena
from salescast.stack.stack import Stack
from tests.iam.actors import Actor, Deployed
from tests.iam.calls import Things
from tests.iam.policies import Allowed, allowed
from tests.iam.rights import (
    DECLARED,
    EXERCISED,
    GRANTED_TO_NOBODY,
    UNKNOWN_TO_EMULATOR,
    Caller,
    Exercised,
)
from tests.iam.rights_on_aws import DEFAULT_DATABASE, ON_AWS_ONLY, OnAwsOnly
from tests.template import ROOT

# Owners whose calls a stand-in makes, or the command; every other role is that of a function in src/.
CALLERS = {
    "PipeRole": {Caller.PIPE},
    "DeliveryRole": {Caller.FIREHOSE},
    "CrawlerRole": {Caller.CRAWLER},
    "LakeJobRole": {Caller.JOB},
    "SchedulerRole": {Caller.SCHEDULER},
    "ProjectorRole": {Caller.ATHENA, Caller.FUNCTION},
    "AnalystPolicy": {Caller.ATHENA, Caller.COMMAND, Caller.OTHERS},
    "MonitorPolicy": {Caller.COMMAND},
}
FUNCTIONS = {
    "GeneratorRole": "generator",
    "TransformerRole": "transformer",
    "SnapshotRole": "snapshot",
    "ProjectorRole": "projector",
}

TEMPLATE = {(right.owner, right.action, right.resource): right for right in allowed()}


def key(right: Exercised | OnAwsOnly) -> tuple[str, str, str]:
    return right.owner, right.action, right.resource


def refusal(error: Exception) -> str:
    """The refused action in an error's text, empty when it is no refusal."""
    words = re.search(r"not authorized to perform: ([\w-]+:\w+)", str(error))
    return words.group(1) if words else ""


def test_every_action_is_in_one_of_the_two_lists() -> None:
    rights: list[Exercised | OnAwsOnly] = [*EXERCISED, *ON_AWS_ONLY]
    listed = Counter(map(key, rights))
    assert [name for name, count in listed.items() if count > 1] == []
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


@pytest.mark.parametrize("caller", DECLARED, ids=lambda caller: caller.name)
def test_a_stand_in_declares_what_is_exercised(caller: Caller) -> None:
    """Its clients can make no other call, so this list and what it does are the same."""
    exercised = {right.action for right in EXERCISED if right.caller is caller}
    besides = {Caller.ATHENA: GRANTED_TO_NOBODY, Caller.FIREHOSE: set(UNKNOWN_TO_EMULATOR)}
    assert DECLARED[caller] == exercised | besides.get(caller, set())


@pytest.fixture(scope="module")
def commands(stack: Stack, things: Things) -> set[str]:
    """The actions that the command takes on AWS for `salescast status` and `salescast query`."""
    made: set[str] = set()

    def record(model: OperationModel, **_: Any) -> None:
        made.add(action_of(model))

    credentials = stack.session.get_credentials()
    assert credentials is not None
    session = account_session(stack.endpoint or "", credentials.secret_key)
    session.events.register("before-call", record)
    watched = replace(stack, session=session)
    assert health.stages(watched)
    health.failing(watched)
    athena.query(watched, "top_products", {})
    return made


@pytest.mark.parametrize(
    "right",
    [right for right in EXERCISED if right.caller is Caller.COMMAND],
    ids=lambda right: f"{right.owner}-{right.action}",
)
def test_the_command_makes_the_call(right: Exercised, commands: set[str]) -> None:
    assert right.action in commands


@pytest.mark.parametrize("right", ON_AWS_ONLY, ids=lambda right: f"{right.owner}-{right.action}")
def test_nothing_here_makes_the_call(right: OnAwsOnly, commands: set[str]) -> None:
    callers = CALLERS.get(right.owner, {Caller.FUNCTION})
    declared = {action for caller in callers & DECLARED.keys() for action in DECLARED[caller]}
    if right.resource != DEFAULT_DATABASE:  # GetDatabase is asked for too, of the database in question
        assert (right.action in declared) == (right.action in UNKNOWN_TO_EMULATOR)
    if Caller.COMMAND in callers:
        assert right.action not in commands
    if Caller.FUNCTION in callers:
        operation = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", right.action.split(":")[1]).lower()
        assert operation not in _named_in(FUNCTIONS[right.owner])


def _named_in(function: str) -> set[str]:
    """Attributes and texts in a function's code: a method of a client is called by one or the other."""
    paths = list((ROOT / "src" / function).glob("*.py"))
    assert paths
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_text()))]
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return attributes | {str(node.value) for node in nodes if isinstance(node, ast.Constant)}


def test_every_owner_says_who_calls() -> None:
    for right in EXERCISED:
        assert right.caller in CALLERS.get(right.owner, {Caller.FUNCTION}), key(right)
    assert {right.owner for right in ON_AWS_ONLY} <= CALLERS.keys() | FUNCTIONS.keys()


def test_a_session_makes_no_call_that_is_not_declared(deployed: Deployed) -> None:
    session = deployed.session("PipeRole", rights=DECLARED[Caller.PIPE])
    clients = Clients(session, deployed.endpoint)
    with pytest.raises(UndeclaredActionError, match="sqs:PurgeQueue is not declared"):
        clients.sqs.purge_queue(QueueUrl=deployed.ids["DeadLetterQueue"])


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
    right = next(right for right in TEMPLATE.values() if right.action == "dynamodb:GetRecords")
    assert isinstance(right, Allowed)
    actor.lose(right)
    try:
        iam = actor.deployed.client("iam")
        left = iam.get_role_policy(RoleName=actor.name, PolicyName=right.policy)["PolicyDocument"]
    finally:
        actor.regain(right)
    assert left["Statement"][0]["Action"] == ["dynamodb:DescribeStream", "dynamodb:GetShardIterator"]
