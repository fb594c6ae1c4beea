"""Whatever stands in a file, a message, an object or a command line: it is read, refused or passed over.

Nothing may end the reader. `make test` tries some hundred cases of each door; `make fuzz` sets SALESCAST_FUZZ
to 100,000 in all. A failure names the seed, and SALESCAST_SEED repeats it.
"""

import base64
import contextlib
import gzip
import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from salescast.cli import main as cli
from salescast.integrity import error_objects, orders_table, raw_objects
from salescast.integrity.dead_letter_queue import DeadLetterQueue
from salescast.integrity.failed_change import FailedChange, everything
from salescast.integrity.sources import Sources
from salescast.local.movers.checkpoint import ASIDE, Checkpoint
from salescast.local.movers.formats.conversion import Converter
from salescast.local.movers.shard import from_checkpoint
from salescast.stack.errors import SalescastError
from salescast.stack.services import table_scan
from salescast.stack.state import State
from tests.template import columns
from tests.unit.integrity.failing_stack import FailingStack, letter
from tests.unit.transformer.mutation import INSTANTS, ODD, TEXTS, mutate
from tests.unit.transformer.rows import all_changes

FUZZ = int(os.environ.get("SALESCAST_FUZZ", "800"))
SEED = int(os.environ.get("SALESCAST_SEED", "12"))
DEEP = b'{"a":' * 3000 + b"1" + b"}" * 3000
LONG = b'{"version":' + b"9" * 6000 + b"}"
BYTES = (b"", b"null", b"[]", b"\x1f\x8b", b"\xff\xfe{", DEEP, LONG, b'{"order_id":[]}', b'"', b"{" * 500)

Case = Callable[[random.Random], Any]


LAST: list[str] = []


def cases(make: Case, share: int) -> Iterator[Any]:
    """`FUZZ` / `share` cases."""
    for number in range(max(100, FUZZ // share)):
        case = make(random.Random(f"{SEED}-{number}"))
        LAST[:] = [f"the last case was {number} of seed {SEED}: {case!r:.2000}"]
        yield case


@pytest.fixture(autouse=True)
def _the_last_case() -> Iterator[None]:
    """Printed after each test, and shown of one that failed."""
    yield
    print(*LAST)


def a_change(rng: random.Random) -> bytes:
    """A change of an order after some injuries, or something else."""
    return rng.choice(BYTES) if rng.random() < 0.1 else mutate(rng.choice(all_changes()), rng)


def garbled(content: bytes, rng: random.Random) -> bytes:
    """Cut, doubled, or with bytes exchanged."""
    piece = bytearray(content)
    for _ in range(rng.randint(0, 3)):
        if piece:
            start = rng.randrange(len(piece))
            end = min(len(piece), start + rng.randint(1, 30))
            piece[start:end] = rng.choice((b"", piece[start:end] * 2, rng.randbytes(end - start)))
    return bytes(piece)


def injured(value: Any, rng: random.Random) -> Any:
    """JSON with one value exchanged, somewhere."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        key = rng.choice(sorted(value))
        return value | {key: injured(value[key], rng)}
    return rng.choice(ODD)


def test_objects_under_raw() -> None:
    def make(rng: random.Random) -> bytes:
        content = b"".join(a_change(rng) for _ in range(rng.randint(0, 4)))
        return garbled(gzip.compress(content), rng) if rng.random() < 0.3 else garbled(content, rng)

    for content in cases(make, 8):
        stack: Any = FailingStack({"raw/2026/11/20/a": content})
        with contextlib.suppress(raw_objects.BrokenObjectError):
            for change, data in raw_objects.records(raw_objects.content(stack, "raw/2026/11/20/a")):
                assert isinstance(data, bytes)
                list(Sources._seen(SOURCES, change, 1.0))


SOURCES = Sources.__new__(Sources)
SOURCES._hours = {}


def test_lines_under_errors() -> None:
    def make(rng: random.Random) -> bytes:
        line = {
            "arrivalTimestamp": 1795176000000,
            "errorCode": "Lambda.FunctionError",
            "errorMessage": "no",
            "sequenceNumber": "1",
            "rawData": base64.b64encode(a_change(rng)).decode(),
        }
        text = orjson.dumps(injured(line, rng) if rng.random() < 0.5 else line)
        return garbled(text, rng) if rng.random() < 0.5 else text

    for text in cases(make, 8):
        change = error_objects.parse("errors/processing-failed/2026/11/20/a", text)
        assert change.orders or change.problem
        stack: Any = FailingStack({"errors/processing-failed/2026/11/20/a": text})
        error_objects.read(stack, "errors/processing-failed/2026/11/20/a", everything)


def test_messages_of_the_dead_letter_queue() -> None:
    def make(rng: random.Random) -> str:
        body = json.loads(letter(1, 4))
        text = json.dumps(injured(body, rng))
        return garbled(text.encode(), rng).decode(errors="replace") if rng.random() < 0.5 else text

    for body in cases(make, 8):
        stack: Any = FailingStack(messages=[body], pages=[[1, 2, 3, 4]])
        with DeadLetterQueue(stack, 30) as queue:
            [found] = queue.letters(everything)
            assert found.changes
            assert all(isinstance(change, FailedChange) for change in found.changes)


# What DynamoDB takes for an attribute's value; its types hold what they say.
ATTRIBUTES = (
    *({"S": text} for text in (*TEXTS, *INSTANTS)),
    *({"N": number} for number in ("0", "-1", "1.5", "9" * 38, "1E+125", "1E-130", "0.00001", "2147483648")),
    *({"NULL": True}, {"BOOL": True}, {"BOOL": False}, {"L": []}, {"M": {}}, {"SS": ["a"]}, {"B": "AA=="}),
)
NAMES = tuple(name for name in orders_table.ATTRIBUTES if name != "order_id")


def test_items_of_the_orders_table(monkeypatch: pytest.MonkeyPatch) -> None:
    image = all_changes()[0]["dynamodb"]["NewImage"]

    def make(rng: random.Random) -> list[Any]:
        return [
            image | {rng.choice(NAMES): rng.choice(ATTRIBUTES) for _ in range(rng.randint(1, 3))}
            for _ in range(3)
        ]

    for items in cases(make, 8):
        page = table_scan.Page(0, items, None)
        monkeypatch.setattr(table_scan, "pages", lambda *_, page=page: iter([page]))
        stack: Any = FailingStack()
        for order in orders_table.scan(stack):
            assert order.digest
            assert bool(order.columns) == (order.order_date != orders_table.UNREADABLE)


def test_rows_for_the_lake() -> None:
    declared = columns("order_arrivals")
    converter = Converter(list(declared.items()))

    def make(rng: random.Random) -> list[bytes]:
        row: dict[str, Any] = {name: rng.choice(ODD) for name in declared}
        text = orjson.dumps(row)
        return [text, garbled(text, rng), a_change(rng)]

    for records in cases(make, 8):
        table, failures = converter.convert(records)
        assert table.num_rows + len({failure.record for failure in failures}) >= len(records)
        assert {failure.record for failure in failures} <= set(range(len(records)))


def test_checkpoints(tmp_path: Path) -> None:
    whole = {"shards": {"s": ["AFTER_SEQUENCE_NUMBER", "1"], "t": ["TRIM_HORIZON"]}}

    def make(rng: random.Random) -> bytes:
        text = orjson.dumps(injured(whole, rng) if rng.random() < 0.5 else whole)
        return rng.choice(BYTES) if rng.random() < 0.1 else garbled(text, rng)

    path = tmp_path / "checkpoint.json"
    for content in cases(make, 8):
        path.write_bytes(content)
        loaded = Checkpoint(path).load()
        for position in loaded.get("shards", {}).values():
            from_checkpoint(position)
        assert loaded or path.with_name(path.name + ASIDE).exists()


def test_records_of_a_stack(tmp_path: Path) -> None:
    whole = {
        "stack": "s",
        "endpoint": "http://127.0.0.1:1",
        "region": "us-east-1",
        "account": "000000000000",
        "fast": 1.0,
        "secret": "",
        "parameters": {},
        "processes": {"emulator": {"pid": 1, "started": 1.0}},
    }

    def make(rng: random.Random) -> bytes:
        return garbled(orjson.dumps(injured(whole, rng)), rng)

    for content in cases(make, 8):
        (tmp_path / "stack.json").write_bytes(content)
        with contextlib.suppress(SalescastError):
            State(tmp_path).read()


# All but those that start something.
COMMANDS = ("reconcile", "redrive", "query", "generate", "replay", "status", "load", "erase", "project")
WORDS = (
    *("--state", "--json", "--fast"),
    *(
        "--settle",
        "--log",
        "--reason",
        "--since",
        "--dry-run",
        "--as-of",
        "-1",
        "1e999",
        "NaN",
        "",
        "\x1b[2J",
    ),
    *("2026-13-01", "top_products", "limit=x", "=", "SELECT", "/nowhere", "\U0001f680", "--", "-", "0"),
)


def test_command_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a stack every command ends with one line and an exit status, never with a traceback."""

    def make(rng: random.Random) -> list[str]:
        words = [rng.choice(WORDS) for _ in range(rng.randint(0, 4))]
        return [rng.choice(COMMANDS), *words, "--state", str(tmp_path)]

    for arguments in cases(make, 200):
        assert cli.run(arguments) in (0, 1, 2), arguments
        assert "Traceback" not in capsys.readouterr().err, arguments
