"""Reading Online Retail files."""

import gzip
from pathlib import Path

import pytest

from salescast.replay.online_retail import COLUMNS
from salescast.replay.retail_file import survey
from salescast.stack.errors import SalescastError

HEADER = ",".join(COLUMNS)
FIRST = "536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom"
LAST = '536366,71053,"WHITE, METAL",6,2011-07-01 00:30:00,3.39,,France'


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def test_survey(tmp_path: Path) -> None:
    found = survey(write(tmp_path / "a.csv", f"{HEADER}\n{FIRST}\n{LAST}\n"))
    assert (found.lines, found.first_date, found.last_date) == (2, "2010-12-01", "2011-06-30")
    rows = list(found.read())
    assert [number for number, _ in rows] == [2, 3]
    assert rows[1][1][2] == "WHITE, METAL"


def test_gzip_is_told_by_content(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(gzip.compress(f"{HEADER}\n{FIRST}\n".encode()))
    assert survey(path).lines == 1


def test_columns_in_another_order_and_more_of_them(tmp_path: Path) -> None:
    header = "Index,Country,CustomerID,UnitPrice,InvoiceDate,Quantity,Description,StockCode,InvoiceNo"
    text = f"{header}\n0,UK,1,2,d,3,e,f,g\n"
    found = survey(write(tmp_path / "a.csv", text))
    assert found.ignored_columns == ("Index",)
    assert next(iter(found.read()))[1] == ("g", "f", "e", "3", "d", "2", "1", "UK")


def test_windows_1252_and_byte_order_mark(tmp_path: Path) -> None:
    row = FIRST.replace("HEART", "£ HEART")
    for encoding in ("cp1252", "utf-8-sig", "utf-8"):
        found = survey(write(tmp_path / encoding, f"{HEADER}\n{row}\n", encoding))
        assert next(iter(found.read()))[1][2] == "£ HEART"


def test_broken_lines_are_kept(tmp_path: Path) -> None:
    found = survey(write(tmp_path / "a.csv", f"{HEADER}\n1,2\n{FIRST},more\n\n{FIRST}\n"))
    assert found.lines == 3
    assert [len(fields) == len(COLUMNS) for _, fields in found.read()] == [False, False, True]


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "no column InvoiceNo"), (HEADER.replace("Quantity", "Qty") + "\n", "no column Quantity")],
)
def test_other_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SalescastError, match=message):
        survey(write(tmp_path / "a.csv", text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SalescastError, match="No such file"):
        survey(tmp_path / "absent.csv")


def test_a_gzip_that_was_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(f"{HEADER}\n{FIRST}\n".encode() * 100)[:-12])
    with pytest.raises(SalescastError, match="cannot read"):
        survey(path)
