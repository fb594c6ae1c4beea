"""What the Ask page lets through: statements that read, whatever stands before them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salescast.dashboard.pages.ask import READS, Asked, as_csv, drawn, reading
from salescast.stack.errors import SalescastError
from salescast.stack.services.athena import Column, Result

WRITES = (
    "insert", "update", "delete", "merge", "create", "drop", "alter", "unload", "msck", "vacuum", "optimize",
    "prepare", "execute", "explain", "values", "deallocate", "truncate", "grant", "call", "use",
)  # fmt: skip
words = st.sampled_from([*READS, *WRITES, "x"])
inside = st.text(st.sampled_from("ab ;()'\n*-/"), max_size=12)
before = st.lists(
    st.one_of(
        st.sampled_from([" ", "\n", "\t", "(", "( (", ";"]),
        inside.map(lambda text: f"--{text.replace(chr(10), '')}\n"),
        words.map(lambda text: f"-- {text} \n"),
        inside.map(lambda text: f"/*{text.replace('*', '')}*/"),
        words.map(lambda text: f"/* {text} */"),
    ),
    max_size=6,
).map("".join)
case = st.sampled_from([str.lower, str.upper, str.title])


@given(before, st.sampled_from(READS), case)
def test_what_reads_passes(start: str, word: str, write: object) -> None:
    sql = f"{start}{write(word)} 1"  # type: ignore[operator]
    assert reading(sql) == sql.strip()


@given(before, st.sampled_from(WRITES), case, words)
def test_what_writes_is_refused(start: str, word: str, write: object, after: str) -> None:
    with pytest.raises(SalescastError, match="this page only reads; begin with one of SELECT, WITH"):
        reading(f"{start}{write(word)} {after} 1")  # type: ignore[operator]


@pytest.mark.parametrize("sql", ["", "  ", ";", "-- SELECT 1", "/* SELECT 1 */", "()", "1", "*"])
def test_what_is_no_statement_is_refused(sql: str) -> None:
    with pytest.raises(SalescastError, match="only reads"):
        reading(sql)


def test_the_last_semicolon_goes() -> None:
    assert reading(" SELECT ';' ; ") == "SELECT ';'"
    assert reading("(SELECT 1);;") == "(SELECT 1)"


def test_csv_is_exact() -> None:
    columns = [Column("name", "varchar"), Column("amount", "decimal"), Column("n", "bigint")]
    rows = [['a, "b"\n£', Decimal("1234567890.1000"), None], ["", Decimal("-0.0001"), 0]]
    assert as_csv(Result(columns, rows, 0, 0)) == (  # type: ignore[arg-type]
        'name,amount,n\n"a, ""b""\n£",1234567890.1000,\n,-0.0001,0\n'
    )


def answer(types: list[str], rows: list[list[object]]) -> Result:
    names = ["a", "b", "c"][: len(types)]
    columns = [Column(name, kind) for name, kind in zip(names, types, strict=True)]
    return Result(columns, rows, 0, 0)  # type: ignore[arg-type]


def test_days_are_drawn_as_a_line_and_names_as_bars() -> None:
    # The last number is what was asked; rows of one day are its parts.
    days = answer(
        ["varchar", "bigint", "decimal"],
        [
            ["2026-11-20", 9, Decimal("1.50")],
            ["2026-11-19", 9, Decimal(2)],
            ["2026-11-20", 9, Decimal("0.5")],
        ],
    )
    drawing = drawn(days)
    assert drawing is not None
    x, y, frame = drawing
    assert (x, y) == ("day", "c")
    assert frame.select("day", "value").rows() == [("2026-11-19", 2.0), ("2026-11-20", 2.0)]
    names = drawn(answer(["varchar", "bigint"], [["WEB", 3], ["STORE", 1]]))
    assert names is not None
    assert names[:2] == ("a", "b")
    assert names[2].select("name", "value").rows() == [("WEB", 3.0), ("STORE", 1.0)]


@pytest.mark.parametrize(
    "result",
    [
        answer(["varchar", "bigint"], [["WEB", 3]]),
        answer(["bigint", "bigint"], [[1, 3], [2, 4]]),
        answer(["varchar", "varchar"], [["a", "b"], ["c", "d"]]),
        answer(["varchar", "bigint"], [[str(number), number] for number in range(401)]),
    ],
)
def test_what_makes_no_chart_is_not_drawn(result: Result) -> None:
    assert drawn(result) is None


def test_a_question_is_remembered_in_a_line() -> None:
    assert str(Asked("top_products", parameters={"country": "France"})) == "top_products, country France"
    assert str(Asked("query", "SELECT 1\n  FROM x")) == "SELECT 1 FROM x"
