"""The emulator process: what it opens, what its functions see, and the gaps of MiniStack that it closes."""

import contextlib
import io
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from salescast.laptop.emulator_process import command, variables
from salescast.stack.session import signature
from tests.local.emulator.emulator_process import Emulator, started
from tests.template import ROOT

ACCOUNT = "000000000000"
SECRET_OF_OURS = "SALESCAST_TEST_SECRET"
LOOK_AROUND = """
import os, sys, tempfile
def handler(event, context):
    for number in range(event.get("lines", 0)):
        print("line", number)
    return {"environment": dict(os.environ), "path": sys.path, "temporary": tempfile.gettempdir()}
"""
KEEP_EVENT = """
import boto3, json, os
def handler(event, context):
    key = context.aws_request_id
    boto3.client("s3").put_object(Bucket="events", Key=key, Body=json.dumps(event).encode())
"""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    outside = {SECRET_OF_OURS: "1", "AWS_PROFILE": "mine", "PYTHONPATH": str(ROOT), "LOG_LEVEL": "DEBUG"}
    with started(tmp_path_factory.mktemp("emulator"), outside) as emulator:
        yield emulator


def trust(service: str, **conditions: dict[str, str]) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        **({"Condition": conditions} if conditions else {}),
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def create_role(emulator: Emulator, name: str, trust_policy: str, *allowed: tuple[str, str]) -> str:
    iam = emulator.client("iam")
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_policy)["Role"]["Arn"]
    statements = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in allowed]
    if statements:
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
    return arn


def create_function(emulator: Emulator, name: str, code: str, *allowed: tuple[str, str]) -> str:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("main.py", code)
    role = create_role(emulator, f"{name}-role", trust("lambda.amazonaws.com"), *allowed)
    created: dict[str, Any] = emulator.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="main.handler",
        Role=role,
        Code={"ZipFile": package.getvalue()},
    )
    return str(created["FunctionArn"])


def ask(emulator: Emulator, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
    """The emulator's answer to root."""
    url, data = f"{emulator.endpoint}{path}", None if body is None else json.dumps(body).encode()
    signed = signature(emulator.root, "GET" if data is None else "POST", url, data or b"")
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"} | signed)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_nothing_listens_outside_loopback(emulator: Emulator) -> None:
    everyone = [psutil.Process(emulator.process.pid)]
    everyone += everyone[0].children(recursive=True)
    listening = {
        (connection.laddr.ip, connection.laddr.port)
        for process in everyone
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {("127.0.0.1", emulator.port)}


def test_health(emulator: Emulator) -> None:
    assert ask(emulator, "/_salescast/health") == (200, {"ministack": "1.5.33"})
    assert ask(emulator, "/_salescast/nothing")[0] == 404


def test_function_sees_its_package_and_nothing_of_ours(emulator: Emulator) -> None:
    create_function(emulator, "looks-around", LOOK_AROUND)
    seen = json.load(emulator.client("lambda").invoke(FunctionName="looks-around")["Payload"])
    foreign = {
        SECRET_OF_OURS,
        "AWS_PROFILE",
        "PYTHONPATH",
        "LOG_LEVEL",
        "AUTH",
        "STATE_DIR",
        "BIND_HOST",
        "HOME",
    }
    assert foreign.isdisjoint(seen["environment"])
    assert seen["environment"]["TZ"] == ":UTC"
    assert seen["environment"]["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert str(ROOT) not in seen["path"]
    assert {entry for entry in seen["path"] if str(ROOT) in entry} == {
        entry for entry in seen["path"] if entry.startswith(str(ROOT / ".venv-emulator"))
    }
    assert seen["temporary"].startswith(str(emulator.log.parent))


RAISES = """
class RefusedError(ValueError):
    pass
def handler(event, context):
    print("RefusedError: not this one")
    raise RefusedError(event["message"])
"""


def test_a_function_that_raises_names_its_error(emulator: Emulator) -> None:
    client = emulator.client("lambda")
    create_function(emulator, "raises", RAISES)
    for message in ("end: is wrong", "two\nlines", "", "(.*)"):
        answer = client.invoke(FunctionName="raises", Payload=json.dumps({"message": message}))
        assert answer["FunctionError"] == "Unhandled"
        body = json.load(answer["Payload"])
        assert (body["errorType"], body["errorMessage"]) == ("RefusedError", message)


PLACE = """
import os
def handler(event, context):
    if event.get("raise"):
        raise ValueError
    if event.get("exit"):
        os._exit(1)
    return [os.getpid(), os.path.realpath(__file__)]
"""


def test_an_environment_outlives_an_error_and_shares_its_package(emulator: Emulator) -> None:
    client = emulator.client("lambda")
    create_function(emulator, "place", PLACE)

    def invoke(**event: bool) -> Any:
        return json.load(client.invoke(FunctionName="place", Payload=json.dumps(event))["Payload"])

    process, file = invoke()
    assert invoke(**{"raise": True})["errorType"] == "ValueError"
    assert invoke() == [process, file]
    assert "errorMessage" in invoke(exit=True)
    successor, its_file = invoke()
    assert successor != process
    assert its_file == file


@pytest.mark.parametrize("lines", [0, 3, 300])
def test_invocation_returns_its_own_log_without_waiting(emulator: Emulator, lines: int) -> None:
    client, logs = emulator.client("lambda"), emulator.client("logs")
    with contextlib.suppress(client.exceptions.ResourceConflictException):
        create_function(emulator, f"logs-{lines}", LOOK_AROUND)
    for _ in range(2):
        client.invoke(FunctionName=f"logs-{lines}", Payload=json.dumps({"lines": lines}))["Payload"].read()
    seconds = []
    for _ in range(20):
        began = time.perf_counter()
        client.invoke(FunctionName=f"logs-{lines}", Payload=json.dumps({"lines": lines}))["Payload"].read()
        seconds.append(time.perf_counter() - began)
    # MiniStack waits 50 ms each time; a busy machine may take longer for some, never less for any.
    assert min(seconds) < 0.05
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/logs-{lines}")
    messages = [event["message"] for page in pages for event in page["events"]]
    assert sum(message.count("line ") for message in messages) == 22 * lines


def test_condition_expressions_mean_the_same_each_time(emulator: Emulator) -> None:
    client = emulator.client("dynamodb")
    client.create_table(
        TableName="conditions",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )

    def put(number: str, condition: str, **values: str) -> None:
        more = {"ExpressionAttributeValues": {f":{k}": {"N": v} for k, v in values.items()}} if values else {}
        item = {"id": {"S": "a"}, "n": {"N": number}}
        client.put_item(TableName="conditions", Item=item, ConditionExpression=condition, **more)

    put("1", "attribute_not_exists(id)")
    put("2", "n = :n AND NOT (n > :n)", n="1")
    put("3", "n = :n AND NOT (n > :n)", n="2")
    for _ in range(2):
        with pytest.raises(client.exceptions.ConditionalCheckFailedException):
            put("9", "n = :n AND NOT (n > :n)", n="1")
        with pytest.raises(ClientError, match=r"ValidationException.*Syntax error"):
            put("9", "n = = :n", n="1")


PIPE_ARN = f"arn:aws:pipes:us-east-1:{ACCOUNT}:pipe/mine"
SOURCE = {"ArnLike": {"aws:SourceArn": PIPE_ARN}, "StringEquals": {"aws:SourceAccount": ACCOUNT}}


def request_for(role: str, **changes: str) -> dict[str, str]:
    request = {
        "RoleArn": role,
        "Service": "pipes.amazonaws.com",
        "SourceArn": PIPE_ARN,
        "SourceAccount": ACCOUNT,
    }
    return request | changes


def test_service_role_session_has_the_roles_rights_and_no_more(emulator: Emulator) -> None:
    emulator.client("s3").create_bucket(Bucket="roles")
    role = create_role(
        emulator,
        "pipe-role",
        trust("pipes.amazonaws.com", **SOURCE),
        ("s3:PutObject", "arn:aws:s3:::roles/in/*"),
    )
    status, session = ask(emulator, "/_salescast/assume-service-role", request_for(role))
    assert status == 200
    expiry = datetime.fromisoformat(session["Expiration"])
    assert timedelta(minutes=55) < expiry - datetime.now(UTC) <= timedelta(hours=1)
    credentials = (session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    s3 = emulator.client("s3", *credentials)
    s3.put_object(Bucket="roles", Key="in/x", Body=b"")
    with pytest.raises(ClientError, match="not authorized to perform: s3:PutObject"):
        s3.put_object(Bucket="roles", Key="out/x", Body=b"")
    who = emulator.client("sts", *credentials).get_caller_identity()["Arn"]
    assert who == f"arn:aws:sts::{ACCOUNT}:assumed-role/pipe-role/pipes"


@pytest.mark.parametrize(
    "changes",
    [
        {"Service": "firehose.amazonaws.com"},
        {"SourceAccount": "111111111111"},
        {"SourceArn": PIPE_ARN + "-other"},
        {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/nobody"},
        {"RoleArn": "nonsense"},
    ],
)
def test_service_role_is_refused(emulator: Emulator, changes: dict[str, str]) -> None:
    with contextlib.suppress(ClientError):
        create_role(emulator, "refusing", trust("pipes.amazonaws.com", **SOURCE))
    request = request_for(f"arn:aws:iam::{ACCOUNT}:role/refusing", **changes)
    status, answer = ask(emulator, "/_salescast/assume-service-role", request)
    assert (status, answer["Code"]) == (403, "AccessDenied")
    assert "is not authorized to perform: sts:AssumeRole on resource: " in answer["Message"]


def test_role_for_people_is_no_role_for_a_service_and_deny_wins(emulator: Emulator) -> None:
    everyone = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    pipes = {"Effect": "Allow", "Principal": {"Service": "pipes.amazonaws.com"}, "Action": "sts:AssumeRole"}
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}
    for name, statements in (("people", [everyone]), ("denied", [pipes, deny])):
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        role = create_role(emulator, name, policy)
        assert ask(emulator, "/_salescast/assume-service-role", request_for(role))[0] == 403


@pytest.mark.parametrize(
    "body", [{}, {"RoleArn": "x"}, [], {"RoleArn": 1, "Service": 2, "SourceArn": 3, "SourceAccount": 4}]
)
def test_malformed_request_is_told(emulator: Emulator, body: object) -> None:
    status, answer = ask(emulator, "/_salescast/assume-service-role", body)
    assert (status, answer["Code"]) == (400, "ValidationException")


def schedule(emulator: Emulator, name: str, function: str, role: str) -> str:
    """A schedule that fires once, as soon as it is looked at."""
    moment = datetime.now(UTC) + timedelta(seconds=1)
    created: dict[str, Any] = emulator.client("scheduler").create_schedule(
        Name=name,
        ScheduleExpression=f"at({moment:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": function,
            "RoleArn": role,
            "Input": json.dumps(
                {
                    "name": name,
                    "time": "<aws.scheduler.scheduled-time>",
                    "id": "<aws.scheduler.execution-id>",
                    "attempt": "<aws.scheduler.attempt-number>",
                    "schedule": "<aws.scheduler.schedule-arn>",
                    "expected": f"{moment:%Y-%m-%dT%H:%M:%S}Z",
                }
            ),
        },
    )
    return str(created["ScheduleArn"])


def test_schedule_fires_with_its_role_and_its_context(emulator: Emulator) -> None:
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="events")
    function = create_function(emulator, "keeps-event", KEEP_EVENT, ("s3:PutObject", "arn:aws:s3:::events/*"))
    group = f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule-group/default"
    condition = {"StringEquals": {"aws:SourceArn": group, "aws:SourceAccount": ACCOUNT}}
    elsewhere = {"StringEquals": {"aws:SourceArn": group + "-other"}}
    may_invoke = ("lambda:InvokeFunction", function)
    roles = {
        "fires": (trust("scheduler.amazonaws.com", **condition), [may_invoke]),
        "refused-service": (trust("events.amazonaws.com"), [may_invoke]),
        "refused-source": (trust("scheduler.amazonaws.com", **elsewhere), [may_invoke]),
        "refused-action": (
            trust("scheduler.amazonaws.com", **condition),
            [("lambda:InvokeFunction", function + "x")],
        ),
    }
    arns = {
        name: schedule(emulator, name, function, create_role(emulator, f"{name}-role", policy, *allowed))
        for name, (policy, allowed) in roles.items()
    }
    for _ in range(100):
        keys = [item["Key"] for item in s3.list_objects_v2(Bucket="events").get("Contents", [])]
        if keys and emulator.log.read_text().count("did not fire") == 3:
            break
        time.sleep(0.1)
    assert len(keys) == 1
    event = json.load(s3.get_object(Bucket="events", Key=keys[0])["Body"])
    assert event["name"] == "fires"
    assert event["time"] == event["expected"]
    assert (event["attempt"], event["schedule"]) == ("1", arns["fires"])
    assert len(event["id"]) == 36
    refusals = [line for line in emulator.log.read_text().splitlines() if "did not fire" in line]
    assert {name for name in roles if any(f"/{name} did" in line for line in refusals)} == set(roles) - {
        "fires"
    }
    assert any("lambda:InvokeFunction on resource" in line for line in refusals)


def test_ends_at_once_with_its_functions(tmp_path: Path) -> None:
    with started(tmp_path) as emulator:
        create_function(emulator, "stays", LOOK_AROUND)
        emulator.client("lambda").invoke(FunctionName="stays")["Payload"].read()
        functions = psutil.Process(emulator.process.pid).children(recursive=True)
        assert functions
        emulator.process.send_signal(signal.SIGTERM)
        assert emulator.process.wait(10) == 0
        assert not psutil.wait_procs(functions, timeout=2)[1]


def test_port_in_use_is_one_clear_line(emulator: Emulator, tmp_path: Path) -> None:
    second = subprocess.run(
        command(emulator.port, tmp_path),
        capture_output=True,
        text=True,
        timeout=30,
        cwd=ROOT,
        env={"PATH": os.defpath} | variables("any"),
    )
    assert second.returncode == 1
    assert f"cannot listen on 127.0.0.1:{emulator.port}" in second.stderr
    assert "Traceback" not in second.stderr
