"""Files as they come: what a replay makes of each, or why it refuses it."""

import datetime as dt
from pathlib import Path

import pytest

from salescast.replay.survey import Options, survey
from salescast.stack.errors import SalescastError
from tests.unit.replay.files import COLUMNS, line, lines, rehearse, told, write
from tests.unit.replay.workbook import workbook

HEADER = ",".join(COLUMNS)
ROW = "900601,S1,ALPHA,1,2024-03-05 10:00:00,10.00,50001.0,France"


def ids(
    folder: Path, content: str | bytes, options: Options | None = None, encoding: str = "utf-8"
) -> list[str]:
    rehearsal = rehearse(folder, content, options or Options(), encoding)
    return [item["order_id"] for item in rehearsal.examples]


def test_date_forms_side_by_side(tmp_path: Path) -> None:
    forms = ["3/5/24 10:00", "2024-03-05", "05-Mar-24", "45356.41666", "2024-03-05T10:00:00Z", "1709632800"]
    rehearsal = rehearse(tmp_path, lines("InvoiceDate", forms))
    assert rehearsal.orders == 4
    assert (rehearsal.first_date, rehearsal.last_date) == ("2024-03-05", "2024-03-05")
    assert told(rehearsal) == [("InvoiceDate", [5, 7])]
    assert "--dates excel" in next(iter(rehearsal.problems)).reason


def test_a_column_that_fails_throughout_is_one_message(tmp_path: Path) -> None:
    rehearsal = rehearse(tmp_path, lines("InvoiceDate", ["soon"] * 300))
    (problem,) = rehearsal.problems
    assert (problem.column, problem.count, len(problem.lines)) == ("InvoiceDate", 300, 100)


def test_a_contradiction_refuses_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", lines("InvoiceDate", ["13/03/2024", "03/28/2024"]))
    with pytest.raises(SalescastError, match="contradict"):
        survey(path)
    assert survey(path, Options(dates="day-first")).last_date == "2024-03-13"


def test_how_dates_are_read_is_said(tmp_path: Path) -> None:
    notes = " ".join(rehearse(tmp_path, lines("InvoiceDate", ["01/03/2024", "13/03/2024"])).notes)
    assert "day-first" in notes
    assert "line 3" in notes
    assert "--dates" in " ".join(rehearse(tmp_path, lines("InvoiceDate", ["01/03/2024"])).notes)
    assert "dates" not in " ".join(rehearse(tmp_path, lines("InvoiceDate", ["2024-03-01"])).notes)


def test_missing_words(tmp_path: Path) -> None:
    rehearsal = rehearse(tmp_path, lines("CustomerID", ["NA", "", "NULL", "50001"]))
    assert [item.get("customer_id") for item in rehearsal.examples] == [None, None, None]


@pytest.mark.parametrize(
    "header",
    [
        "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country",
        "invoiceno,stockcode,description,quantity,invoicedate,unitprice,customerid,country",
        "INVOICE_NO,Stock Code,Description,Quantity,Invoice Date,Unit-Price,customer id,Country",
        "\ufeffInvoiceNo, StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country ",
    ],
)
def test_headers_that_say_the_same(tmp_path: Path, header: str) -> None:
    assert ids(tmp_path, f"{header}\n{ROW}\n") == ["900601-S1-1"]


def test_columns_in_another_order_and_more_of_them(tmp_path: Path) -> None:
    header = "Index,Country,CustomerID,UnitPrice,InvoiceDate,Quantity,Description,StockCode,InvoiceNo"
    rehearsal = rehearse(tmp_path, f"{header}\n0,UK,1,2,2024-03-05,3,e,f,g\n")
    assert rehearsal.examples[0]["order_id"] == "g-f-1"
    assert "left out: Index" in rehearsal.notes[-1]


def test_all_missing_columns_are_named_with_what_looks_like_them(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv", "InvoiceNo,Stock,Description,Qty,InvoiceDate,Unit Price GBP,CustomerID,Country\n"
    )
    with pytest.raises(
        SalescastError, match=r"StockCode \(is it Stock\?\), Quantity.*UnitPrice \(is it Unit Price GBP"
    ):
        survey(path)


def test_a_column_that_is_there_twice(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", f"{HEADER},Country\n{ROW},Spain\n")
    with pytest.raises(SalescastError, match="Country 2 times, as columns 8 and 9"):
        survey(path)


def test_columns_of_no_matter_may_be_there_twice(tmp_path: Path) -> None:
    rehearsal = rehearse(tmp_path, f"{HEADER},Source,Source,,\n{ROW},a,b,,\n")
    assert rehearsal.orders == 1


def test_of_two_names_the_first_is_read_and_the_other_told(tmp_path: Path) -> None:
    rehearsal = rehearse(tmp_path, f"Price,{HEADER}\n9.99,{ROW}\n")
    assert rehearsal.examples[0]["unit_price"] == "10"
    assert "left out: Price" in rehearsal.notes[-1]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-32"]
)
def test_encodings(tmp_path: Path, encoding: str) -> None:
    rehearsal = rehearse(tmp_path, f"{HEADER}\n{ROW.replace('ALPHA', '£ CAFÉ')}\n", encoding=encoding)
    assert rehearsal.examples[0]["product_name"] == "£ CAFÉ"


def test_an_encoding_that_was_said(tmp_path: Path) -> None:
    content = f"{HEADER}\n{ROW.replace('ALPHA', 'ЧАЙ')}\n"
    rehearsal = rehearse(tmp_path, content, Options(encoding="cp1251"), encoding="cp1251")
    assert rehearsal.examples[0]["product_name"] == "ЧАЙ"
    path = write(tmp_path / "a.csv", content, "cp1251")
    with pytest.raises(SalescastError, match="--encoding"):
        survey(path, Options(encoding="utf-8"))
    with pytest.raises(SalescastError, match="no encoding tea"):
        survey(path, Options(encoding="tea"))


def test_utf_8_with_a_damaged_line_is_refused(tmp_path: Path) -> None:
    good = ROW.replace("ALPHA", "CAFÉ").encode()
    path = write(
        tmp_path / "a.csv", b"\n".join([HEADER.encode(), good, good, ROW.encode().replace(b"ALPHA", b"\xa3")])
    )
    with pytest.raises(SalescastError, match="UTF-8 in 2 lines and not in 1, first in line 4"):
        survey(path)


def test_delimiters_and_a_decimal_comma(tmp_path: Path) -> None:
    european = f"{HEADER}\n900601,S1,ALPHA,1,05.03.2024 10:00,10.5,50001,France\n"
    for delimiter in ";\t|":
        content = european.replace(",", delimiter).replace("10.5", "10,5")
        rehearsal = rehearse(tmp_path, content)
        assert (str(rehearsal.amount), rehearsal.first_date) == ("10.5", "2024-03-05")
        assert rehearse(tmp_path, f"sep={delimiter}\n{content}").orders == 1
    path = write(tmp_path / "a.csv", european.replace(",", "~"))
    assert survey(path, Options(delimiter="~")).lines == 1
    with pytest.raises(SalescastError, match="not one character"):
        survey(path, Options(delimiter="~~"))


def test_blanks_before_and_in_quotes(tmp_path: Path) -> None:
    row = '"900601", "S1 ", "A, B", " 1", "2024-03-05 10:00:00", "10.00", 50001, "France"'
    rehearsal = rehearse(tmp_path, f"{HEADER}\n{row}\n")
    assert (rehearsal.examples[0]["order_id"], rehearsal.examples[0]["product_name"]) == (
        "900601-S1-1",
        "A, B",
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(tmp_path: Path, end: str) -> None:
    assert rehearse(tmp_path, end.join([HEADER, ROW, ROW])).orders == 2


def test_blank_lines_are_no_lines(tmp_path: Path) -> None:
    rehearsal = rehearse(tmp_path, f"\n{HEADER}\n{ROW}\n\n,,,,,,,\n  ,,,,,, ,\n{ROW}\n\n")
    assert (rehearsal.lines, rehearsal.orders, rehearsal.blank) == (2, 2, 4)


def test_broken_lines_are_told_and_the_others_read(tmp_path: Path) -> None:
    rehearsal = rehearse(tmp_path, f'{HEADER}\n1,2\n{ROW},more\n{ROW},,\n"A"B,{ROW[7:]}\n{ROW}\n')
    assert rehearsal.orders == 2
    assert [line for _, of in told(rehearsal) for line in of] == [2, 3, 5]


def test_quotes_that_swallow_lines_refuse_the_file(tmp_path: Path) -> None:
    opened = ROW.replace("ALPHA", '"ALPHA')
    for rest in (
        "",
        f"{ROW}\n{ROW}\n",
        f"{ROW}\n{ROW.replace('ALPHA', chr(34))}\n",
        f"{ROW.replace('ALPHA', 'A' + chr(34))}\n",
    ):
        path = write(tmp_path / "a.csv", f"{HEADER}\n{ROW}\n{opened}\n{rest}")
        with pytest.raises(SalescastError, match="line 3: a quote"):
            survey(path)


def test_a_field_may_have_lines(tmp_path: Path) -> None:
    rehearsal = rehearse(
        tmp_path, f"{HEADER}\n{ROW.replace('ALPHA', chr(34) + 'AL' + chr(10) + 'PHA' + chr(34))}\n{ROW}\n"
    )
    assert rehearsal.examples[0]["product_name"] == "AL\nPHA"
    assert rehearsal.orders == 2


def test_exact_duplicates_stay_two_orders(tmp_path: Path) -> None:
    assert ids(tmp_path, f"{HEADER}\n{ROW}\n{ROW}\n") == ["900601-S1-1", "900601-S1-2"]


def test_what_it_counts(tmp_path: Path) -> None:
    content = "\n".join([HEADER, line(), line(StockCode="B"), line(InvoiceNo="2"), line()])
    surveyed = survey(write(tmp_path / "a.csv", content))
    assert (surveyed.lines, surveyed.invoices) == (4, 2)
    assert sorted(surveyed.repeats.values()) == [4]


def test_the_same_file_read_otherwise_is_another(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", lines("InvoiceDate", ["01/03/2024"]))
    once = survey(path)
    assert survey(path).identity == once.identity
    assert survey(path, Options(dates="day-first")).identity != once.identity
    assert survey(path, Options(constants={"currency": "EUR"})).identity != once.identity


def test_repeats_are_found_part_by_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    products = [f"P{n % 30}" for n in range(50)]
    content = "\n".join([HEADER, *(line(StockCode=product) for product in products)])
    path = write(tmp_path / "a.csv", content)
    at_once = survey(path).repeats
    assert sorted(at_once.values()) == list(range(31, 51))
    monkeypatch.setattr("salescast.replay.survey.PART", 7)
    assert survey(path).repeats == at_once


def test_a_workbook_is_read_as_a_csv_is(tmp_path: Path) -> None:
    moment = dt.datetime(2010, 12, 1, 8, 26)  # noqa: DTZ001
    cells = [
        536365.0,
        "85123A",
        "WHITE HANGING HEART T-LIGHT HOLDER",
        6.0,
        moment,
        2.55,
        17850.0,
        "United Kingdom",
    ]
    by_workbook = rehearse(tmp_path, workbook({"Online Retail": [list(COLUMNS), cells]}))
    assert by_workbook.examples == rehearse(tmp_path, f"{HEADER}\n{line()}\n").examples
