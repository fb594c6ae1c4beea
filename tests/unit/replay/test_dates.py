"""What dates mean, decided over a whole column."""

from zoneinfo import ZoneInfo

import pytest

from salescast.replay.dates import DateColumn, DateNumber, DateOrder, reader
from salescast.stack.errors import SalescastError

LONDON = ZoneInfo("Europe/London")


def read(*texts: str, assumed: DateOrder = "month-first", order: DateOrder | None = None) -> list[str | None]:
    """The column's dates as they are read once it has decided."""
    column, of = DateColumn(assumed, order), reader(LONDON)
    dates = [of(text) for text in texts]
    for number, (text, one) in enumerate(zip(texts, dates, strict=True), 2):
        column.see(number, text, one)
    column.decide()
    return [one and column.value(one) for one in dates]


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2010-12-01 08:26:00", "2010-12-01T08:26:00.000Z"),  # winter: UTC
        ("2011-06-30 20:08:00", "2011-06-30T19:08:00.000Z"),  # summer: an hour ahead
        ("2011-07-01 00:30:00", "2011-06-30T23:30:00.000Z"),  # another day in UTC
        ("2011-03-27 00:59:59", "2011-03-27T00:59:59.000Z"),  # before the clock goes forward
        ("2011-03-27 01:30:00", "2011-03-27T01:30:00.000Z"),  # an hour that there was not
        ("2011-03-27 02:00:00", "2011-03-27T01:00:00.000Z"),
        ("2011-10-30 01:30:00", "2011-10-30T00:30:00.000Z"),  # an hour that came twice: its first pass
        ("2011-10-30 02:00:00", "2011-10-30T02:00:00.000Z"),
    ],
)
def test_local_time_becomes_utc(local: str, expected: str) -> None:
    assert read(local) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3/5/24 10:00", "2024-03-05T10:00:00.000Z"),
        ("03/05/2024 10:00:00", "2024-03-05T10:00:00.000Z"),
        ("2024-03-05", "2024-03-05T00:00:00.000Z"),
        ("2024-03-05T10:00:00Z", "2024-03-05T10:00:00.000Z"),
        ("2024-07-05T10:00:00Z", "2024-07-05T10:00:00.000Z"),  # Z is not the shop's summer time
        ("2024-03-05 10:00:00+00:00", "2024-03-05T10:00:00.000Z"),
        ("2024-03-05 10:00:00 -0500", "2024-03-05T15:00:00.000Z"),
        ("2024-03-05T10:00:00+05:30", "2024-03-05T04:30:00.000Z"),
        ("2024-03-05 10:00:00 UTC", "2024-03-05T10:00:00.000Z"),
        ("2024-03-05 10:00:00.250", "2024-03-05T10:00:00.250Z"),
        ("2024-03-05 10:00:00.123456789", "2024-03-05T10:00:00.123Z"),
        ("05.03.2024 10:00", "2024-03-05T10:00:00.000Z"),
        ("3/5/2024 10:00 AM", "2024-03-05T10:00:00.000Z"),
        ("3/5/2024 12:05 am", "2024-03-05T00:05:00.000Z"),
        ("3/5/2024, 3:07:09 PM", "2024-03-05T15:07:09.000Z"),
        ("2024/03/05 10:00", "2024-03-05T10:00:00.000Z"),
        ("05-Mar-24", "2024-03-05T00:00:00.000Z"),
        ("20240305", "2024-03-05T00:00:00.000Z"),
        ("20240305T10:00:00Z", "2024-03-05T10:00:00.000Z"),
        ("Tue, 05 Mar 2024 10:00:00 +0100", "2024-03-05T09:00:00.000Z"),
        ("Tuesday, March 5, 2024 10:00 AM", "2024-03-05T10:00:00.000Z"),
        ("5 March 2024 10:00", "2024-03-05T10:00:00.000Z"),
        ("Sept 5, 2024", "2024-09-04T23:00:00.000Z"),
        ("3/5/2024", "2024-03-05T00:00:00.000Z"),
        ("2024-3-5 9:05", "2024-03-05T09:05:00.000Z"),
        ("12/1/69", "1969-11-30T23:00:00.000Z"),  # British Standard Time
        ("2024-02-29", "2024-02-29T00:00:00.000Z"),
    ],
)
def test_forms(text: str, expected: str) -> None:
    assert read(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "2010-13-01", "2023-02-29", "13/13/2024", "2024-03-05 24:00", "2024-03-05 10:60"),
        *(
            "45356.41666",
            "1709632800",
            "3/5/2024 13:00 PM",
            "0/3/2024",
            "5-Foo-24",
            "2024-03-05x",
            "0000-01-01",
        ),
        *(
            "2024-03/05",
            "\u0662\u0660\u0662\u0664-\u0660\u0663-\u0660\u0665",
            "9999-99-99",
            "2024-03-05 10:00:00 +9999",
        ),
    ],
)
def test_no_dates(text: str) -> None:
    assert reader(LONDON)(text) is None


def test_one_line_decides_for_all() -> None:
    assert read("01/03/2024", "13/03/2024") == ["2024-03-01T00:00:00.000Z", "2024-03-13T00:00:00.000Z"]
    assert read("01/03/2024", "03/13/2024") == ["2024-01-03T00:00:00.000Z", "2024-03-13T00:00:00.000Z"]
    assert read("01-03-2024", "18-11-2011 12:27") == ["2024-03-01T00:00:00.000Z", "2011-11-18T12:27:00.000Z"]


def test_dates_that_name_the_month_decide_nothing() -> None:
    assert read("01/03/2024", "2024-03-13", "13 Mar 2024")[0] == "2024-01-03T00:00:00.000Z"


def test_what_nothing_decides_is_as_assumed_and_said() -> None:
    assert read("01/03/2024") == ["2024-01-03T00:00:00.000Z"]
    assert read("01/03/2024", assumed="day-first") == ["2024-03-01T00:00:00.000Z"]
    assert read("01.03.2024") == ["2024-03-01T00:00:00.000Z"]
    column = DateColumn()
    column.see(2, "01/03/2024", reader(LONDON)("01/03/2024"))
    column.decide()
    assert "01/03/2024" in column.note
    assert "--dates day-first" in column.note
    assert column.range == ("2024-01-03", "2024-01-03")


def test_a_contradiction_is_refused_with_both_lines() -> None:
    with pytest.raises(SalescastError, match=r"line 4 \(13/03/2024\).*line 3 \(03/28/2024\).*--dates"):
        read("01/03/2024", "03/28/2024", "13/03/2024")


def test_who_says_the_order_is_believed() -> None:
    texts = ("01/03/2024", "03/28/2024", "13/03/2024")
    assert read(*texts, order="day-first") == ["2024-03-01T00:00:00.000Z", None, "2024-03-13T00:00:00.000Z"]


def test_the_range_is_that_of_the_order_decided() -> None:
    column, of = DateColumn(), reader(LONDON)
    for number, text in enumerate(("01/12/2024", "05/03/2024", "13/04/2024"), 2):
        column.see(number, text, of(text))
    column.decide()
    assert column.range == ("2024-03-05", "2024-12-01")


@pytest.mark.parametrize(
    ("number", "text", "expected"),
    [
        ("epoch", "1709632800", "2024-03-05T10:00:00.000Z"),
        ("epoch-ms", "1709632800250", "2024-03-05T10:00:00.250Z"),
        ("excel", "45356.4166666667", "2024-03-05T10:00:00.000Z"),
        ("excel", "45478.5", "2024-07-05T11:00:00.000Z"),
        ("epoch", "99999999999999999999", None),
        ("excel", "99999999999999999999", None),
    ],
)
def test_numbers_count_what_was_said(number: DateNumber, text: str, expected: str | None) -> None:
    dates = reader(LONDON, number)(text)
    assert (dates and dates.month_first) == expected
