"""Numbers, ids, texts and missing values as other programs write them."""

import pytest

from salescast.replay import fields
from salescast.replay.fields import DecimalMark, FieldError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2.55", "2.55"),
        (".85", "0.85"),
        ("2.", "2"),
        ("02.50", "2.5"),
        ("-0.00", "0"),
        ("1e2", "100"),
        ("1E+02", "100"),
        ("2.5E-3", "0.0025"),
        ("+3", "3"),
        ("-11062.06", "-11062.06"),
        ("2.550000", "2.55"),
        ("99999999999999.9999", "99999999999999.9999"),
    ],
)
def test_money_is_exact(text: str, expected: str) -> None:
    assert fields.money(text, comma=False) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(
            "1,234.50",
            "£2.50",
            "(3)",
            "2,50",
            "2.5499999999999998",
            "0.00001",
            "123456789012345",
            "1_000",
            "٣",
        ),
        *("1e99", "1e-99", "--1", ".", "1.2.3", "0x10", "1 000"),
    ],
)
def test_money_that_is_refused(text: str) -> None:
    with pytest.raises(FieldError):
        fields.money(text, comma=False)


def test_a_decimal_comma() -> None:
    assert fields.money("10,50", comma=True) == "10.5"
    for text in ("10.50", "1.234,50"):
        with pytest.raises(FieldError, match="2,55"):
            fields.money(text, comma=True)


@pytest.mark.parametrize(
    ("text", "expected"), [("12.0", "12"), ("0012", "12"), ("+12", "12"), ("1e2", "100"), ("-1", "-1")]
)
def test_integers(text: str, expected: str) -> None:
    assert fields.integer(text, comma=False) == expected


@pytest.mark.parametrize("text", ["1.5", "3000000000", "1,200", "", "1e10", "nan"])
def test_integers_that_are_refused(text: str) -> None:
    with pytest.raises(FieldError):
        fields.integer(text, comma=False)


@pytest.mark.parametrize(
    "text",
    [
        "NA",
        "N/A",
        "#N/A",
        "nan",
        "NaN",
        "NULL",
        "null",
        "None",
        "<NA>",
        "NaT",
        "\\N",
        "",
        "-",
        "--",
        "n.a.",
        "#NULL",
    ],
)
def test_words_for_nothing(text: str) -> None:
    assert fields.is_missing(text)


@pytest.mark.parametrize("text", ["NAN BREAD", "0", "EIRE", "N", "Nana"])
def test_words_that_mean_something(text: str) -> None:
    assert not fields.is_missing(text)


def test_blanks_around_a_field() -> None:
    assert fields.stripped("\ufeff\u00a0 S1\t\u200b") == "S1"
    assert fields.stripped("A  B") == "A  B"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("17850.0", "17850"), ("17850", "17850"), ("A1.5", "A1.5"), ("00123", "00123"), ("12.50", "12.50")],
)
def test_ids(text: str, expected: str) -> None:
    assert fields.identifier(text) == expected


@pytest.mark.parametrize("text", ["1.23457E+12", "x" * 600, "a\x00b", "a\ufffdb"])
def test_ids_that_are_refused(text: str) -> None:
    with pytest.raises(FieldError):
        fields.identifier(text)


def test_texts_that_are_refused() -> None:
    for text in ("a\x00b", "x" * 5000, "é" * 3000):
        with pytest.raises(FieldError):
            fields.words(text)


def test_a_pseudonym_is_the_same_for_the_same_address() -> None:
    plain, keyed = fields.pseudonym(b""), fields.pseudonym(b"key")
    assert plain("Ada@example.com") == plain("ada@example.COM")
    assert plain("ada@example.com") != plain("bob@example.com")
    assert plain("ada@example.com") != keyed("ada@example.com")
    assert "ada" not in plain("ada@example.com")


@pytest.mark.parametrize(
    ("delimiter", "texts", "comma"),
    [
        (";", ["1", "10,00"], True),
        (";", ["1", "10.00"], False),
        (";", ["10,00", "10.00"], False),
        (",", ["10,00"], False),
        ("\t", ["1,5"], True),
        (";", ["abc,def", "2"], False),
    ],
)
def test_the_decimal_mark_is_decided_over_the_file(delimiter: str, texts: list[str], comma: bool) -> None:
    mark = DecimalMark(delimiter, None)
    for text in texts:
        mark.see(text)
    assert mark.comma == comma
    assert bool(mark.note) == comma


def test_who_says_the_decimal_mark_is_believed() -> None:
    assert DecimalMark(",", True).comma
