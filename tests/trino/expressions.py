"""Expressions of Trino over a few columns, made by Hypothesis out of the tables of functions.

What an argument has to be to make sense (a unit of time, a pattern, a small count) is in _ARGUMENTS; all else
is any expression of the parameter's kind.
"""

from __future__ import annotations

from functools import cache, partial

from hypothesis import strategies as st

from salescast.local.emulator.athena.sql.functions import SCALARS
from salescast.local.emulator.athena.sql.signatures import Signature

COLUMNS = {
    "bigint": ["0", "7", "-3", "NULL", "2147483648"],
    "integer": ["1", "-12", "0", "2147483647", "NULL"],
    "double": ["2.5e0", "-0.125e0", "0e0", "NULL", "1e10"],
    "decimal(10,2)": ["1.25", "-0.01", "0.00", "99999999.99", "NULL"],
    "varchar": ["'abc'", "''", "'añ😀 b-c'", "NULL", "'2024-02-29'"],
    "date": ["DATE '2024-02-29'", "DATE '1969-12-31'", "DATE '2026-03-29'", "NULL", "DATE '2000-01-01'"],
    "timestamp": [
        "TIMESTAMP '2024-02-29 23:59:59.999'",
        "TIMESTAMP '2026-10-25 01:30:00.000'",
        "NULL",
        "TIMESTAMP '1969-12-31 12:00:00.500'",
        "TIMESTAMP '2000-01-01 00:00:00.000'",
    ],
    "boolean": ["true", "false", "NULL", "true", "false"],
    "array(integer)": ["ARRAY[1, 2, 2]", "ARRAY[]", "ARRAY[NULL, 5]", "NULL", "ARRAY[-1]"],
    "array(varchar)": ["ARRAY['a', 'b']", "ARRAY[]", "ARRAY[NULL, '']", "NULL", "ARRAY['ß']"],
}
"""By kind: the values of its column in each row."""
_NAMES = {kind: f"c{number}" for number, kind in enumerate(COLUMNS)}
_LITERALS = {
    "bigint": ["1", "-1", "0", "12", "CAST(3 AS bigint)"],
    "integer": ["1", "2", "-1", "0", "10"],
    "double": ["1e0", "0.5e0", "-2.5e0", "1e3", "0e0"],
    "decimal(10,2)": ["CAST(0.05 AS decimal(10,2))", "CAST(-7.5 AS decimal(10,2))"],
    "varchar": ["'a'", "'ab-c'", "''", "' x '", "'12'", "'ü'", "'A%b_c'"],
    "date": ["DATE '2023-12-31'", "DATE '2024-03-31'"],
    "timestamp": ["TIMESTAMP '2023-12-31 23:59:59.001'", "TIMESTAMP '2024-03-31 02:30:00.000'"],
    "boolean": ["true", "false"],
    "array(integer)": ["ARRAY[3, 1]", "ARRAY[NULL, 0, 0]"],
    "array(varchar)": ["ARRAY['x']", "ARRAY['b', NULL, 'a']"],
}
_UNITS = ["'day'", "'week'", "'month'", "'quarter'", "'year'"]
_CLOCK = [*_UNITS, "'hour'", "'minute'", "'second'", "'millisecond'"]
_PATTERNS = ["'a'", "'[a-c]+'", "'(b)(c)?'", "'^.'", "'-'", "'x*y'"]
_COUNTS = ["0", "1", "2", "5"]
_ARGUMENTS: dict[tuple[str, int], list[str]] = {
    ("date_add", 0): _UNITS,
    ("date_diff", 0): _UNITS,
    ("date_trunc", 0): _UNITS,
    ("date_add", 1): ["1", "-1", "13", "0"],
    ("lpad", 1): [*_COUNTS, "-1"],
    ("rpad", 1): [*_COUNTS, "-1"],
    ("repeat", 1): _COUNTS,
    ("chr", 0): ["65", "228", "128512"],
    ("sequence", 0): ["1", "5", "-2"],
    ("sequence", 1): ["3", "-4", "9"],
    ("sequence", 2): ["1", "-2", "0"],
    ("from_base", 0): ["'ff'", "'101'", "'12'"],
    ("from_base", 1): ["2", "10", "16"],
    ("to_base", 1): ["2", "10", "16", "36"],
    ("bit_count", 1): ["64"],
    ("bitwise_right_shift_arithmetic", 1): ["0", "1", "5"],
    ("from_hex", 0): ["'00ff'", "'616263'"],
    ("from_base64", 0): ["'YQ=='", "'w6Q='"],
    ("from_iso8601_date", 0): ["'2024-02-29'", "'2000-01-01'"],
    ("round", 1): ["0", "1", "3"],
    ("json_extract_scalar", 0): ['\'{"a": {"b": "x"}, "c": [1, true]}\'', "'[1]'", "'nonsense'"],
    ("json_extract_scalar", 1): ["'$.a.b'", "'$.c[0]'", "'$.c[1]'", "'$.z'", "'$[0]'"],
    ("json_array_length", 0): ["'[1, 2]'", "'{}'", "'nonsense'"],
    ("array_join", 1): ["','", "''"],
    ("concat_ws", 0): ["'-'"],
    ("strpos", 2): ["1", "2", "-1"],
    ("split_part", 2): ["1", "2", "3"],
    ("slice", 1): ["1", "2", "-1"],
    ("slice", 2): _COUNTS,
    ("element_at", 1): ["1", "-1", "9"],
    ("width_bucket", 1): ["0e0", "-1e0"],
    ("width_bucket", 2): ["0.5e0", "10e0"],
    ("width_bucket", 3): ["1", "4"],
    **{(name, 1): _PATTERNS for name in SCALARS if name.startswith("regexp_")},
}
# Of time zones, bytes, maps and rows, and those that other machines answer otherwise.
_NOT_MADE = (
    "from_unixtime",
    "from_iso8601_timestamp",
    "current_timezone",
    "map_from_entries",
    "map",
    "regexp_replace",
)


def table() -> str:
    """The relation that the columns are of."""
    rows = zip(*COLUMNS.values(), strict=True)
    values = ", ".join(f"({', '.join(row)})" for row in rows)
    typed = ", ".join(f"CAST({name} AS {kind}) AS {name}" for kind, name in _NAMES.items())
    return f"(SELECT {typed} FROM (VALUES {values}) AS v({', '.join(_NAMES.values())})) AS t"


def statement(expressions: list[str]) -> str:
    """A query of all of them, an error of one being NULL."""
    tried = ", ".join(f"try({expression}) AS e{number}" for number, expression in enumerate(expressions))
    return f"SELECT {tried} FROM {table()}"


@cache
def expression(kind: str, depth: int = 2) -> st.SearchStrategy[str]:
    """Expressions of a kind, calls nested as deep at the most."""
    leaves = st.sampled_from([_NAMES[kind], *_LITERALS[kind]])
    if depth == 0:
        return leaves
    return st.one_of(leaves, *_operators(kind, depth - 1), *_calls(kind, depth - 1))


def any_expression() -> st.SearchStrategy[str]:
    """Expressions of any kind, a call of every function among the likely ones."""
    return st.sampled_from(sorted(COLUMNS)).flatmap(expression)


def _operators(kind: str, depth: int) -> list[st.SearchStrategy[str]]:
    def of(name: str) -> st.SearchStrategy[str]:
        return expression(name, depth)

    both = st.tuples(of(kind), of(kind))
    made = [
        both.map(lambda ab: f"coalesce({ab[0]}, {ab[1]})"),
        both.map(lambda ab: f"nullif({ab[0]}, {ab[1]})"),
        st.tuples(of("boolean"), of(kind), of(kind)).map(lambda abc: f"if({abc[0]}, {abc[1]}, {abc[2]})"),
        st.tuples(of("boolean"), of(kind)).map(lambda ab: f"CASE WHEN {ab[0]} THEN {ab[1]} END"),
    ]
    if kind in ("bigint", "integer", "double"):
        signs = st.sampled_from("+-*/%")
        made += [
            st.tuples(of(kind), signs, of(kind)).map(lambda abc: f"({abc[0]} {abc[1]} {abc[2]})"),
            of(kind).map(lambda a: f"(-({a}))"),
            st.tuples(st.sampled_from(["varchar", "integer", "double", "decimal(10,2)"]).flatmap(of)).map(
                lambda a: f"CAST({a[0]} AS {kind})"
            ),
        ]
    if kind == "decimal(10,2)":
        signs = st.sampled_from("+-*/%")
        made += [
            st.tuples(of(kind), signs, st.sampled_from([kind, "integer", "bigint"]).flatmap(of)).map(
                lambda abc: f"CAST({abc[0]} {abc[1]} {abc[2]} AS decimal(10,2))"
            ),
            st.tuples(st.sampled_from(["varchar", "integer", "double"]).flatmap(of)).map(
                lambda a: f"CAST({a[0]} AS decimal(10,2))"
            ),
        ]
    if kind == "boolean":
        kinds = st.sampled_from(["bigint", "double", "varchar", "date", "timestamp", "decimal(10,2)"])
        signs = st.sampled_from(["=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM"])
        made += [
            kinds.flatmap(lambda k: st.tuples(of(k), signs, of(k))).map(
                lambda abc: f"({abc[0]} {abc[1]} {abc[2]})"
            ),
            kinds.flatmap(lambda k: st.tuples(of(k), of(k), of(k))).map(
                lambda abc: f"({abc[0]} BETWEEN {abc[1]} AND {abc[2]})"
            ),
            kinds.flatmap(lambda k: st.tuples(of(k), of(k), of(k))).map(
                lambda abc: f"({abc[0]} IN ({abc[1]}, {abc[2]}))"
            ),
            st.tuples(of(kind), st.sampled_from(["AND", "OR"]), of(kind)).map(
                lambda abc: f"({abc[0]} {abc[1]} {abc[2]})"
            ),
            of(kind).map(lambda a: f"(NOT {a})"),
            kinds.flatmap(of).map(lambda a: f"({a} IS NULL)"),
            st.tuples(of("varchar"), st.sampled_from(["'a%'", "'%b%'", "'_'", "''"])).map(
                lambda ab: f"({ab[0]} LIKE {ab[1]})"
            ),
        ]
    if kind == "varchar":
        made += [
            both.map(lambda ab: f"({ab[0]} || {ab[1]})"),
            st.sampled_from(["bigint", "double", "decimal(10,2)", "date", "boolean", "timestamp"])
            .flatmap(of)
            .map(lambda a: f"CAST({a} AS varchar)"),
            of("varchar").map(lambda a: f"CAST({a} AS varchar(3))"),
            of("timestamp").map(lambda a: f"date_format({a}, '%Y-%m-%d %H:%i:%s %a %b %j %v')"),
            of("varchar").map(lambda a: f"regexp_replace({a}, '([a-c])', '<$1>')"),
        ]
    if kind in ("date", "timestamp"):
        made += [
            st.tuples(
                of(kind), st.sampled_from(["+", "-"]), st.sampled_from(["'1' DAY", "'1' MONTH", "'2' YEAR"])
            ).map(lambda abc: f"({abc[0]} {abc[1]} INTERVAL {abc[2]})"),
            of("varchar").map(lambda a: f"TRY_CAST({a} AS {kind})"),
        ]
    return made


def _call(name: str, parts: tuple[str, ...]) -> str:
    return f"{name}({', '.join(parts)})"


def _calls(kind: str, depth: int) -> list[st.SearchStrategy[str]]:
    """A call for every signature that gives this kind."""
    made = []
    for name, signatures in SCALARS.items():
        for signature in signatures:
            bound = _binding(signature, kind)
            if bound is None or name in _NOT_MADE:
                continue
            arguments = [_argument(name, place, pattern, depth) for place, pattern in enumerate(bound)]
            if all(argument is not None for argument in arguments):
                made.append(st.tuples(*[a for a in arguments if a is not None]).map(partial(_call, name)))
    return made


def _binding(signature: Signature, kind: str) -> list[str] | None:
    """The kinds of the parameters where the result is of this kind, None where it cannot be."""
    letters: dict[str, str] = {}
    returns = signature.returns
    if returns == "decimal" or (returns in ("tinyint", "smallint", "real")):
        return None
    if len(returns) == 1:
        if kind.startswith("array"):
            return None
        letters[returns] = kind
    elif returns == "array(T)":
        if not kind.startswith("array"):
            return None
        letters["T"] = kind[6:-1]
    elif returns != kind:
        return None
    bound = []
    for pattern in signature.parameters:
        name = pattern.removesuffix("...")
        for letter in "TKVU":
            name = (
                name.replace(letter, letters.get(letter, "integer"))
                if len(name) == 1 or f"({letter})" in name
                else name
            )
        bound += [name, name] if pattern.endswith("...") else [name]
    return bound


def _argument(name: str, place: int, kind: str, depth: int) -> st.SearchStrategy[str] | None:
    if (name, place) in _ARGUMENTS:
        return st.sampled_from(_ARGUMENTS[name, place])
    return expression(kind, depth) if kind in COLUMNS else None
