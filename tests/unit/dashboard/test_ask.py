"""What the Ask page lets through: statements that read, whatever stands before them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salescast.dashboard.pages.ask import READS, as_csv, reading
from salescast.stack.errors import SalescastError
from salescast.stack.services.athena import Column, Result

WRITES = (
    "insert", "update", "delete", "merge", "create", "drop", "alter", "unload", "msck", "vacuum", "optimize",
    "prepare", "execute", "deallocate", "truncate", "grant", "call", "use",
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


@given(
    before, st.sampled_from(WRITES), st.sampled_from(["analyze", "ANALYZE VERBOSE", "/* */ Analyze -- \n"])
)
def test_explain_analyze_runs_what_it_explains(start: str, word: str, analyze: str) -> None:
    with pytest.raises(SalescastError, match="only reads"):
        reading(f"{start}EXPLAIN {analyze} {word} INTO orders SELECT 1")
    sql = f"EXPLAIN {analyze} SELECT 1"
    assert reading(sql) == sql


@pytest.mark.parametrize("sql", ["", "  ", ";", "-- SELECT 1", "/* SELECT 1 */", "()", "1", "*"])
def test_what_is_no_statement_is_refused(sql: str) -> None:
    with pytest.raises(SalescastError, match="only reads"):
        reading(sql)


def test_the_last_semicolon_goes() -> None:
    assert reading(" SELECT ';' ; ") == "SELECT ';'"
    assert reading("(SELECT 1);;") == "(SELECT 1)"


def test_csv_is_exact() -> None:
    from decimal import Decimal

    columns = [Column("name", "varchar"), Column("amount", "decimal"), Column("n", "bigint")]
    rows = [['a, "b"\n£', Decimal("1234567890.1000"), None], ["", Decimal("-0.0001"), 0]]
    assert as_csv(Result(columns, rows, 0, 0)) == (  # type: ignore[arg-type]
        'name,amount,n\n"a, ""b""\n£",1234567890.1000,\n,-0.0001,0\n'
    )
