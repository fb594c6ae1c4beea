"""Whose a laptop stack is: its folder, its endpoint and its lake are closed to everybody else."""

import os
import subprocess
import sys
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from salescast.local.movers.clients import client
from salescast.local.movers.credentials import service_session
from salescast.stack.stack import LAPTOP_ACCOUNT, Stack

NOBODY = 65534
# As another user of the machine: what of the stack can be read, and what the emulator says.
INTRUDE = """
import http.client, os, sys
host, folder, *pids = sys.argv[1:]
for path in (folder, f"{folder}/stack.json", f"{folder}/logs", *(f"/proc/{pid}/environ" for pid in pids)):
    try:
        (os.listdir if os.path.isdir(path) else lambda path: open(path).read())(path)
        print("read", path)
    except PermissionError:
        pass
connection = http.client.HTTPConnection(host)
connection.request("GET", "/?Action=ListUsers&Version=2010-05-08")
print(connection.getresponse().status)
"""


def test_a_stack_is_its_owners_alone(stack: Stack) -> None:
    folder = stack.state.folder
    private = [folder, folder / "stack.json", *stack.state.checkpoints.iterdir(), *stack.state.logs.iterdir()]
    assert [str(path) for path in private if path.stat().st_mode & 0o077] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try as another user")
def test_another_user_of_the_machine_gets_nothing(stack: Stack) -> None:
    record = stack.state.read()
    assert record is not None
    assert record.secret
    pids = [str(process.pid) for process in record.processes.values()]
    done = as_nobody("-c", INTRUDE, urlsplit(record.endpoint).netloc, str(stack.state.folder), *pids)
    assert (done.stdout, done.returncode) == ("403\n", 0), done


def as_nobody(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Python as the user nobody: ours, or the system's where ours lies in a closed folder."""
    for python in (sys.executable, "/usr/bin/python3"):
        with suppress(PermissionError, FileNotFoundError):
            return subprocess.run(
                [python, *arguments],
                user=NOBODY,
                group=NOBODY,
                extra_groups=[],
                cwd="/",
                env={},
                capture_output=True,
                text=True,
                check=False,
            )
    pytest.skip("there is no Python that the user nobody may run")


@pytest.mark.parametrize("protocol", ["https", "http"])
def test_the_lake_refuses_plain_http(stack: Stack, protocol: str) -> None:
    """Loopback counts as TLS; a request that says it came without is refused by the bucket policy."""
    described = stack.firehose.describe_delivery_stream(DeliveryStreamName=stack.output("DeliveryStream"))
    stream = described["DeliveryStreamDescription"]
    role = stream["Source"]["KinesisStreamSourceDescription"]["RoleARN"]
    endpoint = stack.endpoint or ""
    arn = stream["DeliveryStreamARN"]
    session = service_session(
        endpoint, stack.session, role, "firehose.amazonaws.com", arn, LAPTOP_ACCOUNT, rights=None
    )
    s3 = client(session, "s3", endpoint)

    def mark(request: Any, **_: Any) -> None:
        request.headers["X-Forwarded-Proto"] = protocol

    s3.meta.events.register("before-sign.s3", mark)
    if protocol == "https":
        s3.list_objects_v2(Bucket=stack.output("Lake"), MaxKeys=1)
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.list_objects_v2(Bucket=stack.output("Lake"), MaxKeys=1)
