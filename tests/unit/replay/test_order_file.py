"""What a file is: told by its content, read, or refused by name."""

import bz2
import datetime as dt
import gzip
import io
import lzma
import zipfile
from pathlib import Path
from typing import Any

import pytest

from salescast.replay.order_file import open_file
from salescast.stack.errors import SalescastError
from tests.unit.replay.files import write
from tests.unit.replay.workbook import workbook

TEXT = "a,b\n1,2\n"


def zipped(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        gzip.compress(TEXT.encode()),
        bz2.compress(TEXT.encode()),
        lzma.compress(TEXT.encode()),
        zipped(orders=TEXT),
        zipped(**{"folder/": "", "folder/orders": TEXT, "__MACOSX/folder/orders": "junk"}),
    ],
    ids=["plain", "gzip", "bzip2", "xz", "zip", "zip with a folder"],  # gzip writes the time: no id
)
def test_packed_or_not(tmp_path: Path, content: bytes) -> None:
    file = open_file(write(tmp_path / "orders", content))
    assert file.header == ["a", "b"]
    assert [(row.line, row.fields) for row in file.rows()] == [(2, ["1", "2"])]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"%PDF-1.7 ...", "is a PDF"),
        (b"PAR1....", "is a Parquet file"),
        (b"<html><table>", "is HTML or XML"),
        (b'{"orders": []}', "is JSON"),
        (b"\x00\x01\x02\x03\x04 binary", "is no text"),
        (gzip.compress(TEXT.encode() * 1000)[:-12], "cannot read"),
        (zipped(a=TEXT, b=TEXT), r"has 2 files \(a, b\); unpack"),
        (gzip.compress(zipped(a=TEXT)), "unpack it first"),
        (b"PK\x03\x04 no archive", "cannot read"),
        (zipped(**{"[Content_Types].xml": "<x/>"}), "workbook that cannot be read.*save it as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 no workbook", "workbook that cannot be read"),
    ],
    ids=[
        *("empty", "blank lines", "PDF", "Parquet", "HTML", "JSON", "binary", "half a gzip", "two in a zip"),
        *("zip in a gzip", "half a zip", "broken workbook", "broken old workbook"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(SalescastError, match=message):
        list(open_file(write(tmp_path / "orders", content)).rows())


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SalescastError, match="No such file"):
        open_file(tmp_path / "absent.csv")
    with pytest.raises(SalescastError, match="is no file"):
        open_file(tmp_path)


def test_a_workbook(tmp_path: Path) -> None:
    moment = dt.datetime(2024, 3, 5, 10, 0, 30)  # noqa: DTZ001
    rows: list[list[Any]] = [["Id", "When", "Price"], [1.0, moment, 2.55], [], ["NA", "05/03/2024", 10.0]]
    file = open_file(write(tmp_path / "orders.xlsx", workbook({"Orders": rows, "Empty": []})))
    assert file.header == ["Id", "When", "Price"]
    assert [(row.line, row.fields) for row in file.rows()] == [
        (2, ["1", "2024-03-05 10:00:30", "2.55"]),
        (3, []),
        (4, ["NA", "05/03/2024", "10"]),
    ]


def test_a_workbook_with_several_sheets(tmp_path: Path) -> None:
    rows = [["a"], ["1"]]
    path = write(tmp_path / "orders.xlsx", workbook({"Year 1": rows, "Year 2": [["a"], ["2"]]}))
    with pytest.raises(SalescastError, match="the sheets Year 1, Year 2; say with --sheet"):
        open_file(path)
    assert [row.fields for row in open_file(path, sheet="Year 2").rows()] == [["2"]]
    with pytest.raises(SalescastError, match="no sheet Year 3"):
        open_file(path, sheet="Year 3")
