"""Faults that can be put into a running laptop stack, each a context: it lasts as long as its block.

They come from outside, by signals, files and the services' own APIs; nothing of the pipeline knows of them.
"""

import io
import json
import os
import random
import resource
import signal
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from salescast import laptop
from salescast.integrity import reconcile, redrive
from salescast.stack.processes import Process
from salescast.stack.stack import Stack
from tests.waiting import wait_for


@dataclass(frozen=True)
class Fault:
    """The plan's fault `number`: one of KINDS, on a target.

    It lasts `seconds`, or through the writes of so many more `rounds`.
    """

    number: int
    kind: str
    target: str
    seconds: float
    rounds: int

    def __str__(self) -> str:
        lasting = f"through {self.rounds} round(s)" if self.rounds else f"for {self.seconds:.1f} s"
        return f"{self.kind} {self.target} {lasting}"


@dataclass(frozen=True)
class Kind:
    """How it is done; to what (none: each stand-in); which others may not be done meanwhile."""

    begin: Callable[[Stack, str], AbstractContextManager[None]]
    targets: tuple[str, ...] = ()
    group: str = ""


def process(stack: Stack, name: str) -> Process:
    """The stand-in as it is recorded now."""
    record = stack.state.read()
    assert record is not None
    return record.processes[name]


@contextmanager
def kill(stack: Stack, name: str) -> Iterator[None]:
    """SIGKILL, and the next one started when it is over."""
    _end(process(stack, name))
    yield
    laptop.revive(stack.state.folder)


@contextmanager
def freeze(stack: Stack, name: str) -> Iterator[None]:
    """SIGSTOP, as a machine does that is suspended, and SIGCONT."""
    frozen = process(stack, name)
    with suppress(ProcessLookupError):
        os.kill(frozen.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        if frozen.alive:
            os.kill(frozen.pid, signal.SIGCONT)


@contextmanager
def full_disk(stack: Stack, name: str) -> Iterator[None]:
    """No file takes another byte from this process: EFBIG where a full disk says ENOSPC, both OSErrors."""
    full = process(stack, name)
    if not full.alive:
        yield
        return
    before = resource.prlimit(full.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(full.pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        if full.alive:
            resource.prlimit(full.pid, resource.RLIMIT_FSIZE, before)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "half": lambda content: content[: len(content) // 2],
    "empty": lambda _: b"",
    "binary": lambda _: random.Random(0).randbytes(300),
    "another shape": lambda _: json.dumps({"shards": [1, {"a": None}], "version": "x"}).encode(),
}


@contextmanager
def damage_checkpoints(stack: Stack, damage: str) -> Iterator[None]:
    """Kill pipe and Firehose, damage what they have noted of their places, start them again."""
    for name in ("pipe", "firehose"):
        _end(process(stack, name))
    for path in stack.state.checkpoints.rglob("*"):
        if path.is_file():
            path.write_bytes(DAMAGES[damage](path.read_bytes()))
    laptop.revive(stack.state.folder)
    yield


def _answer(records: str) -> str:
    return f"def handler(event, context):\n    return {{'records': {records}}}\n"


FAULTY = {
    "raises": "def handler(event, context):\n    raise RuntimeError('chaos')\n",
    "takes too long": "import time\ndef handler(event, context):\n    time.sleep(30)\n",
    "answers nothing": _answer("[]"),
    "fails each record": _answer("[dict(r, result='ProcessingFailed') for r in event['records']]"),
    "answers no rows": _answer("[dict(r, result='Ok', data='bm8gcm93') for r in event['records']]"),
    "drops all": _answer("[dict(r, result='Dropped') for r in event['records']]"),
}
LOSES = ("drops all",)
"""A transformer that says of everything that it is not for the lake: only raw/ and the streams have it."""


@contextmanager
def faulty_transformer(stack: Stack, how: str) -> Iterator[None]:
    """The transformer's code is this instead."""
    functions, name = stack.functions, stack.output("TransformerFunction")
    before = functions.get_function_configuration(FunctionName=name)
    module = before["Handler"].partition(".")[0]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(
            f"{module}.py", FAULTY[how].replace("def handler", "def " + before["Handler"].rpartition(".")[2])
        )
    functions.update_function_code(FunctionName=name, ZipFile=packed.getvalue())
    functions.update_function_configuration(FunctionName=name, Timeout=1)
    try:
        yield
    finally:
        body: Any = stack.cloudformation.get_template(StackName=stack.name, TemplateStage="Processed")
        template = body["TemplateBody"]
        template = json.loads(template) if isinstance(template, str) else template
        code = template["Resources"]["TransformerFunction"]["Properties"]["Code"]
        functions.update_function_code(FunctionName=name, S3Bucket=code["S3Bucket"], S3Key=code["S3Key"])
        functions.update_function_configuration(FunctionName=name, Timeout=before["Timeout"])


@contextmanager
def throttle(stack: Stack, function: str) -> Iterator[None]:
    """No environment for the function."""
    name = stack.output(function)
    stack.functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        yield
    finally:
        stack.functions.delete_function_concurrency(FunctionName=name)


# Logical id of the role and what it may do no longer.
RIGHTS = {
    "DeliveryRole s3:PutObject": "objects are refused",
    "DeliveryRole lambda:InvokeFunction": "the function may not be called",
    "DeliveryRole kinesis:GetRecords": "Firehose may not read",
    "DeliveryRole glue:GetTable*": "the schema may not be read",
    "PipeRole kinesis:PutRecords": "records are refused, and end in the queue",
    "PipeRole dynamodb:GetRecords": "the pipe may not read",
    "PipeRole sqs:SendMessage": "the queue refuses",
}


@contextmanager
def withdraw(stack: Stack, right: str) -> Iterator[None]:
    """A role loses a right: its policies stay, and one more denies it."""
    role, action = right.split()
    [name] = [name for name, logical in stack.resources("AWS::IAM::Role").items() if logical == role]
    iam: Any = stack.session.client("iam", endpoint_url=stack.endpoint, config=stack.config)
    statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    policy = "chaos-" + "".join(sign for sign in action if sign.isalnum())
    iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=document)
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)


@contextmanager
def stop_pipe(stack: Stack, _: str) -> Iterator[None]:
    """An operator stops the pipe and starts it again."""
    name = stack.resource("AWS::Pipes::Pipe")

    def is_in(state: str) -> bool:
        return stack.pipes.describe_pipe(Name=name)["CurrentState"] == state

    # A pipe whose stand-in is dead or frozen takes no order.
    try:
        stack.pipes.stop_pipe(Name=name)
        yield
    finally:
        laptop.revive(stack.state.folder)
        wait_for(lambda: is_in("STOPPED"), "the pipe to stop")
        stack.pipes.start_pipe(Name=name)


@contextmanager
def reshard(stack: Stack, how: str) -> Iterator[None]:
    """The stream's first open shard is split, or its first two are merged, as AWS does on demand."""
    kinesis, name = stack.kinesis, stack.output("OrderStream")
    shards = [
        shard
        for shard in kinesis.list_shards(StreamName=name)["Shards"]
        if "EndingSequenceNumber" not in shard["SequenceNumberRange"]
    ]
    shards.sort(key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))
    first, second = shards[:2]
    if how == "split":
        keys = first["HashKeyRange"]
        middle = (int(keys["StartingHashKey"]) + int(keys["EndingHashKey"])) // 2
        kinesis.split_shard(StreamName=name, ShardToSplit=first["ShardId"], NewStartingHashKey=str(middle))
    elif len(shards) > 2:
        kinesis.merge_shards(
            StreamName=name, ShardToMerge=first["ShardId"], AdjacentShardToMerge=second["ShardId"]
        )
    yield


@contextmanager
def two_operators(stack: Stack, _: str) -> Iterator[None]:
    """Two redrives and a reconciliation at once. None may fail for what the others do."""
    with ThreadPoolExecutor(3) as pool:
        redrives = [pool.submit(redrive.redrive, stack) for _ in range(2)]
        reconciliation = pool.submit(reconcile.reconcile, stack, 0)
        yield
    for work in redrives:
        work.result()
    reconciliation.result()


@contextmanager
def crawl(stack: Stack, _: str) -> Iterator[None]:
    """A run of the crawler, which must end SUCCEEDED."""
    name = stack.output("Crawler")
    with suppress(stack.glue.exceptions.CrawlerRunningException):
        stack.glue.start_crawler(Name=name)
    yield
    laptop.revive(stack.state.folder)
    wait_for(lambda: stack.glue.get_crawler(Name=name)["Crawler"]["State"] == "READY", "the crawler", 120)
    last = stack.glue.get_crawler(Name=name)["Crawler"]["LastCrawl"]
    assert last["Status"] == "SUCCEEDED", last


KINDS: dict[str, Kind] = {
    "kill": Kind(kill, group="kill"),
    "freeze": Kind(freeze, group="freeze"),
    "fill the disk of": Kind(full_disk, group="disk"),
    "damage checkpoints": Kind(damage_checkpoints, tuple(DAMAGES), group="checkpoints"),
    "a transformer that": Kind(faulty_transformer, tuple(FAULTY), group="function"),
    "throttle": Kind(throttle, ("TransformerFunction",), group="function"),
    "withdraw": Kind(withdraw, tuple(RIGHTS), group="rights"),
    "stop": Kind(stop_pipe, ("the pipe",), group="pipe"),
    "reshard": Kind(reshard, ("split", "merge"), group="reshard"),
    "two operators": Kind(two_operators, ("at once",), group="operators"),
    "crawl": Kind(crawl, ("curated/",), group="crawl"),
}


def begin(stack: Stack, fault: Fault) -> AbstractContextManager[None]:
    """The fault as a context."""
    return KINDS[fault.kind].begin(stack, fault.target)


def _end(one: Process) -> None:
    with suppress(ProcessLookupError):
        os.kill(one.pid, signal.SIGKILL)
    while one.alive:
        time.sleep(0.005)
