"""Asks tests/dates/engine.py: the template's views and any statement, over a shop's rows, on a date."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from salescast.stack.services.athena import Value, _reader
from tests.lake import arrow_schema, value
from tests.template import ROOT, tables, view


@dataclass(frozen=True)
class Answer:
    """Columns (name, type; a decimal with precision and scale) and Python values."""

    columns: list[tuple[str, str]]
    rows: list[list[Value]]


def ask(
    folder: Path,
    now: datetime,
    lake: Mapping[str, Iterable[Mapping[str, Any]]],
    questions: Sequence[tuple[str, list[str]]],
) -> list[Answer]:
    """The answers to the statements with their arguments. `lake` has the rows of every table."""
    files = {name: str(table_file(folder, name, rows)) for name, rows in lake.items()}
    return [_read(answer) for answer in answers(now, files, questions)]


def answers(
    now: datetime, files: Mapping[str, str | list[str]], questions: Sequence[tuple[str, list[str]]]
) -> list[dict[str, Any]]:
    """The engine's answers over the files of each table, with the seconds that each took."""
    request = {"now": now.isoformat(), "tables": _tables(), "files": files, "queries": questions}
    finished = subprocess.run(
        [str(ROOT / ".venv-emulator/bin/python"), "-m", "tests.dates.engine"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert finished.returncode == 0, finished.stderr
    answered: list[dict[str, Any]] = json.loads(finished.stdout)
    return answered


def table_file(folder: Path, table: str, rows: Iterable[Mapping[str, Any]]) -> Path:
    """The rows of a table as one file, named after it."""
    schema = arrow_schema(table, keys=True)
    path = folder / f"{table}.parquet"
    converted = [{field.name: value(row[field.name], field.type) for field in schema} for row in rows]
    pq.write_table(pa.Table.from_pylist(converted, schema=schema), path)
    return path


def _tables() -> dict[str, Any]:
    described = {}
    for table in map(dict, tables().values()):
        if table["TableType"] == "VIRTUAL_VIEW":
            text = base64.b64encode(json.dumps(view(table["Name"])).encode()).decode()
            table["ViewOriginalText"] = f"/* Presto View: {text} */"
        described[table["Name"]] = table
    return described


def _read(answer: Mapping[str, Any]) -> Answer:
    columns = [(name, kind) for name, kind in answer["columns"]]
    readers = [_reader(kind) for _, kind in columns]
    rows = [
        [None if text is None else read(text) for read, text in zip(readers, row, strict=True)]
        for row in answer["rows"]
    ]
    return Answer(columns, rows)
