"""Damaged order files: no traceback, no line lost, and the counts add up to the lines that the file has.

SALESCAST_FUZZ=2000 tries more of them, SALESCAST_SEED others, SALESCAST_RETAIL=file.csv.gz damages pieces of
a real file.
"""

import csv
import gzip
import io
import os
import random
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from itertools import islice
from pathlib import Path

import msgspec
import orjson
import pytest

from contract import Image
from salescast.replay.order_line import LineError, Order
from salescast.replay.survey import Options, Survey, survey
from salescast.stack import money
from salescast.stack.errors import SalescastError
from tests.unit.replay.files import COLUMNS, LINE
from tests.unit.replay.test_writer import Table, writer

CASES = int(os.environ.get("SALESCAST_FUZZ", "120"))
SEED = int(os.environ.get("SALESCAST_SEED", "13"))
REAL = os.environ.get("SALESCAST_RETAIL")
PIECE = 150
NOW = "2026-11-20T10:00:00.000Z"
COMPARED = ("order_ts", "quantity", "unit_price", "customer_id", "country", "product_name")

Rows = list[list[str]]
Chance = random.Random


def rows(chance: Chance) -> Rows:
    """Lines as Online Retail has them: invoices of several lines, credits, exact duplicates, gaps."""
    made: Rows = []
    while len(made) < PIECE:
        invoice = str(chance.randint(536000, 536040))
        for _ in range(chance.randint(1, 5)):
            changes = {
                "InvoiceNo": invoice,
                "StockCode": chance.choice(["85123A", "71053", "POST", "22752", "M"]),
                "Description": chance.choice(
                    ["RED, WHITE", 'A 12" RULER', "", "CAF\u00c9 \u00a3", "NAN", "wrong\nline"]
                ),
                "Quantity": str(chance.choice([1, 2, 6, 12, -1, -12])),
                "UnitPrice": chance.choice(["2.55", "0.0", "0.001", "-11062.06", "3"]),
                "CustomerID": chance.choice(["17850.0", "", "13047"]),
                "InvoiceDate": f"2010-12-{chance.randint(1, 28):02d} 08:{chance.randint(10, 59)}:00",
            }
            made.append([(LINE | changes)[name] for name in COLUMNS])
            if chance.random() < 0.05:
                made.append(made[-1])
    return made


def real_rows(chance: Chance) -> Rows:
    assert REAL
    with gzip.open(REAL, "rt", newline="") as text:
        reader = csv.reader(text)
        next(reader)
        return list(islice(reader, begin := chance.randrange(0, 200_000), begin + PIECE))


def values(change: Callable[[Chance, str], str], column: str | None = None) -> Callable[[Chance, Rows], None]:
    """A damage to some of the fields, or to all of one column."""

    def damage(chance: Chance, table: Rows) -> None:
        for fields in table:
            for index, name in enumerate(COLUMNS):
                if index < len(fields) and (name == column or (column is None and chance.random() < 0.02)):
                    fields[index] = change(chance, fields[index])

    return damage


def sorted_otherwise(chance: Chance, table: Rows) -> None:
    chance.shuffle(table)


def repeated(chance: Chance, table: Rows) -> None:
    table.extend([list(fields) for fields in chance.choices(table, k=20)])


def with_blank_lines(chance: Chance, table: Rows) -> None:
    for _ in range(5):
        table.insert(chance.randrange(len(table)), [""] * len(COLUMNS))


def too_long(chance: Chance, table: Rows) -> None:
    for _ in range(3):
        chance.choice(table).append("more")


def too_short(chance: Chance, table: Rows) -> None:
    for _ in range(3):
        del chance.choice(table)[-1:]


def backwards(_: Chance, table: Rows) -> None:
    for fields in table:
        fields.reverse()


def all_but_one_lost(_: Chance, table: Rows) -> None:
    del table[1:]


def untouched(_: Chance, __: Rows) -> None:
    pass


JUNK = [
    "NA",
    "null",
    "1e400",
    "9" * 40,
    "\u0663",
    "=1+1",
    "\x00",
    "a\tb",
    "2011-02-30",
    "13/13/2011",
    "-",
    "nan",
    "\u200b",
    "x" * 9000,
]
FIELD_DAMAGE = [
    values(lambda chance, _: chance.choice(JUNK)),
    values(lambda _, text: f" {text}\u00a0"),
    values(lambda _, text: text + ".0"),
    values(lambda _, text: text.replace(".", ",")),
    values(lambda _, text: f"{text[5:7]}/{text[8:10]}/{text[:4]}{text[10:]}", "InvoiceDate"),
    values(lambda _, text: f"{text[8:10]}.{text[5:7]}.{text[2:4]}", "InvoiceDate"),
    values(
        lambda chance, text: text if chance.random() < 0.5 else f"{text[8:10]}/{text[5:7]}/{text[:4]}",
        "InvoiceDate",
    ),
    values(lambda _, text: "", "CustomerID"),
    values(lambda _, text: "soon", "InvoiceDate"),
    *(
        sorted_otherwise,
        repeated,
        with_blank_lines,
        too_long,
        too_short,
        backwards,
        all_but_one_lost,
        untouched,
    ),
]


def cut(chance: Chance, content: bytes) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def flipped(chance: Chance, content: bytes) -> bytes:
    damaged = bytearray(content)
    for _ in range(min(5, len(damaged))):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    return bytes(damaged)


def quoted(chance: Chance, content: bytes) -> bytes:
    place = chance.randrange(len(content) + 1)
    return content[:place] + b'"' + content[place:]


BYTE_DAMAGE: list[Callable[[Chance, bytes], bytes]] = [
    *(cut, flipped, quoted),
    *[lambda _, content: content] * 4,
    lambda _, content: gzip.compress(content),
    lambda chance, content: cut(chance, gzip.compress(content)),
    lambda _, content: content + content,
]


def damaged(chance: Chance) -> bytes:
    """A file with one to three damages, in any encoding, delimiter and line end."""
    table = real_rows(chance) if REAL else rows(chance)
    header = list(COLUMNS)
    for damage in chance.sample(FIELD_DAMAGE, chance.randint(1, 2)):
        damage(chance, table)
    if chance.random() < 0.3:
        order = chance.sample(range(len(header)), len(header))
        if all(len(fields) == len(header) for fields in table):
            header = [header[index] for index in order]
            table = [[fields[index] for index in order] for fields in table]
    if chance.random() < 0.1:
        chance.shuffle(header)
    text = io.StringIO(newline="")
    end = chance.choice(["\n", "\r\n", "\r"])
    lines = csv.writer(text, delimiter=chance.choice(",,,;\t|"), lineterminator=end)
    lines.writerows([header, *table])
    encoding = chance.choice(["utf-8", "utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
    return chance.choice(BYTE_DAMAGE)(chance, text.getvalue().encode(encoding, "replace"))


def orders(file: Survey) -> tuple[list[Order], int]:
    """The file's orders, and how many lines are none."""
    made, errors = [], []
    for row in file.rows():
        try:
            if row.problem:
                raise LineError("line", row.problem)
            made.append(file.reader.order(row.line, row.fields, NOW))
        except LineError as error:
            errors.append(error)
    assert all(error.column and error.reason for error in errors)
    return made, len(errors)


@pytest.mark.no_cover
@pytest.mark.parametrize("case", range(CASES))
def test_every_line_of_a_damaged_file_is_accounted_for(tmp_path: Path, case: int) -> None:
    chance = random.Random(f"{SEED}/{case}")
    path = tmp_path / "orders.csv"
    path.write_bytes(damaged(chance))
    try:
        file = survey(path, Options(dates=chance.choice([None, None, "day-first"])))
    except SalescastError as error:
        refusal = str(error)
    else:
        account_for(file, chance)
        return
    assert "\n" not in refusal, "what is refused is refused in one line"
    assert path.name in refusal or "dates contradict" in refusal


def account_for(file: Survey, chance: Chance) -> None:
    """Write the file's orders twice; each line is in the table once, or was told."""
    made, none = orders(file)
    assert len(made) + none == file.lines
    for order in made:
        msgspec.json.decode(order.item(1), type=Image)  # raises for what the transformer would refuse
    # All of them in the table, whatever the file's order.
    table = Table()
    outcome = writer(table).write(made)
    assert (outcome.written, outcome.already, outcome.differing) == (len(made), 0, [])
    assert len(table.items) == len(made)
    amounts = (money.amount(item["quantity"]["N"], item["unit_price"]["N"]) for item in table.items.values())
    assert sum(amounts, Decimal(0)) == sum((order.amount for order in made), Decimal(0))
    # Again, in any order: there already.
    chance.shuffle(made)
    outcome = writer(table).write(made)
    assert (outcome.written, outcome.already, outcome.differing) == (0, len(made), [])


@pytest.mark.parametrize("case", range(max(20, CASES // 4)))
def test_what_another_copy_has_is_written_there_or_told(case: int) -> None:
    """Two overlapping pieces with corrections: afterwards the table has each line, or its line was told."""
    chance = random.Random(f"{SEED}/copies/{case}")
    contents = [f"{chance.choice('abcde')}:{chance.randint(1, 4)}" for _ in range(chance.randint(1, 40))]
    first = chance.sample(contents, chance.randint(0, len(contents)))
    then = chance.sample(contents, chance.randint(0, len(contents)))
    table = Table()
    made = {
        name: [_order(number, content) for number, content in enumerate(of)]
        for name, of in (("1", first), ("2", then))
    }
    assert writer(table).write(made["1"]).written == len(first)
    outcome = writer(table).write(made["2"])
    assert outcome.written + outcome.already + len(outcome.differing) == len(then)
    assert len(table.items) == len(first) + outcome.written
    there = Counter(
        f"{order_id.rpartition('-')[0]}:{item['quantity']['N']}" for order_id, item in table.items.items()
    )
    told = {difference.line for difference in outcome.differing}
    wanted = Counter(content for number, content in enumerate(then) if number not in told)
    assert not wanted - there
    # A group with something told is left as it was: nothing of it is twice.
    assert not there - (Counter(first) | wanted)


def _order(line: int, content: str) -> Order:
    base, _, quantity = content.partition(":")
    return Order(line, base, "2024-03-05", Decimal(1), orjson.dumps({"quantity": {"N": quantity}}))
