"""Order files for tests, and what a replay would make of them."""

from collections.abc import Sequence
from pathlib import Path

from salescast.replay import replay
from salescast.replay.replay import Rehearsal
from salescast.replay.survey import AS_FOUND, Options, survey

COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
LINE = {
    "InvoiceNo": "536365",
    "StockCode": "85123A",
    "Description": "WHITE HANGING HEART T-LIGHT HOLDER",
    "Quantity": "6",
    "InvoiceDate": "2010-12-01 08:26:00",
    "UnitPrice": "2.55",
    "CustomerID": "17850.0",
    "Country": "United Kingdom",
}


def line(**changes: str) -> str:
    """A line of Online Retail as CSV."""
    return ",".join((LINE | changes)[name] for name in COLUMNS)


def lines(column: str, values: Sequence[str]) -> str:
    """A file of Online Retail: a line for each value of the column, each of an invoice of its own."""
    rows = [line(**({"InvoiceNo": str(n)} | {column: value})) for n, value in enumerate(values, 1)]
    return "\n".join([",".join(COLUMNS), *rows]) + "\n"


def write(path: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def rehearse(
    folder: Path, content: str | bytes, options: Options = AS_FOUND, encoding: str = "utf-8"
) -> Rehearsal:
    """What a replay would do with a file of that content. Every line is an order or told to be none."""
    rehearsal = replay.rehearse(survey(write(folder / "orders.csv", content, encoding), options))
    assert rehearsal.lines == rehearsal.orders + rehearsal.unmapped
    assert rehearsal.unmapped == len(rehearsal.problems)
    return rehearsal


def told(rehearsal: Rehearsal) -> list[tuple[str, list[int]]]:
    """The columns of the problems, each with the lines that have them."""
    return [(problem.column, problem.lines) for problem in rehearsal.problems]
