"""What DuckDB is taught before a query runs: a macro per signature, and what these are made of.

A query is given those it calls: a new process would take a fifth of a second for all of them.
"""

import re
import string

from salescast.local.emulator.athena.sql.functions import SCALARS

_SPACES = (
    "".join(
        map(
            chr,
            (
                *range(9, 14),
                *range(28, 33),
                0x1680,
                *range(0x2000, 0x2007),
                *range(0x2008, 0x200B),
                0x2028,
                0x2029,
            ),
        )
    )
    + "\u205f\u3000"
)
"""What Trino trims: Java's white space."""

_HELPERS = {
    "spaces()": f"'{_SPACES}'",
    # An error that TRY catches, which error() would not be: text that is no number.
    "fail(m)": "CAST(m AS TINYINT)",
    "fail_with(m, x)": "[x][CAST(m AS BIGINT)]",
    "not_zero(b)": "CASE WHEN b = 0 THEN CAST('DIVISION_BY_ZERO: Division by zero' AS TINYINT) ELSE b END",
    # a * f / b of whole numbers (HUGEINT), rounded half away from zero, without a * f ever being calculated.
    "divide(a, b, f)": (
        "sign(a) * sign(b) * ((abs(a) // abs(trino_not_zero(b))) * f + "
        "(2 * (abs(a) % abs(trino_not_zero(b))) * f + abs(b)) // (2 * abs(trino_not_zero(b))))"
    ),
    # A decimal of scale s as a whole number of its last digit, u = 10 ** s.
    "units(x, u)": "CAST(trunc(x) AS HUGEINT) * CAST(u AS HUGEINT) + CAST((x - trunc(x)) * u AS HUGEINT)",
    "round(a, n)": (
        "CASE WHEN isnan(a) OR isinf(a) THEN a ELSE "
        "CASE WHEN a < 0 THEN -(round(-a * pow(10, n)) / pow(10, n)) ELSE round(a * pow(10, n)) / pow(10, "
        "n) END END"
    ),
    "remainder(a, b)": "CASE WHEN b = 0 THEN CAST('NaN' AS DOUBLE) ELSE a % b END",
    "quotient(a, b)": "CASE WHEN b = 0 THEN a * CAST('Infinity' AS DOUBLE) ELSE a / b END",
    "json(a, b)": (
        "CASE json_type(a, b) WHEN 'OBJECT' THEN NULL WHEN 'ARRAY' THEN NULL WHEN 'NULL' THEN NULL WHEN "
        "'DOUBLE' THEN "
        "CAST(trino_fail('NOT_SUPPORTED: the laptop''s Athena reads no fractions in JSON') AS VARCHAR) "
        "ELSE json_extract_string(a, b) END"
    ),
    "tens(a, u)": "sign(a) * ((abs(a) + u // 2) // u) * u",
    "strpos(a, b, c)": (
        "COALESCE(list_filter(range(1, length(a) - length(b) + 2), lambda i: substr(a, i, length(b)) = "
        "b)[c], 0)"
    ),
    "position(l, x)": "list_position(l, x)",
    "distinct(l)": "list_filter(l, lambda x, i: list_position(l, x) = i)",
    "between(u, b, c)": "datesub(u, b, c)",
    "date(a)": (
        "CAST(CASE WHEN a IS NULL OR regexp_full_match(a, '\\s*[+-]?[0-9]{4,}-[0-9]{1,2}-[0-9]{1,2}\\s*') "
        "THEN trim(a) ELSE 'INVALID_CAST_ARGUMENT: Value cannot be cast to date: ' || a END AS DATE)"
    ),
    "timestamp_6(a)": (
        "CAST(CASE WHEN a IS NULL OR regexp_full_match(a, '\\s*[+-]?[0-9]{4,}-[0-9]{1,2}-[0-9]{1,2}"
        "( [0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\\.[0-9]{1,12})?)?)?\\s*') "
        "THEN trim(a) ELSE 'INVALID_CAST_ARGUMENT: Value cannot be cast to timestamp: ' || a END AS "
        "TIMESTAMP)"
    ),
    # Rounded to milliseconds.
    "timestamp(a)": (
        "CASE WHEN regexp_matches(a, '\\.[0-9]{4,}') THEN "
        "make_timestamp(CAST(round(epoch_us(trino_timestamp_6(a)) / CAST(1000 AS DOUBLE)) AS BIGINT) * 1000) "
        "ELSE trino_timestamp_6(a) END"
    ),
    "number(a, k)": (
        "CASE WHEN a IS NULL OR regexp_full_match(a, '\\s*[+-]?[0-9]+\\s*') THEN trim(a) "
        "ELSE 'INVALID_CAST_ARGUMENT: Cannot cast ''' || a || ''' to ' || k END"
    ),
    "fraction(a, k)": (
        "CASE WHEN a IS NULL OR regexp_full_match(a, "
        "'\\s*([+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?Infinity|NaN)\\s*') THEN trim(a) "
        "ELSE 'INVALID_CAST_ARGUMENT: Cannot cast ''' || a || ''' to ' || k END"
    ),
    "boolean(a)": (
        "CASE WHEN lower(a) IN ('t', 'true', '1') THEN true WHEN lower(a) IN ('f', 'false', '0') THEN false "
        "WHEN a IS NULL THEN NULL "
        "ELSE CAST('INVALID_CAST_ARGUMENT: Cannot cast ''' || a || ''' to BOOLEAN' AS BOOLEAN) END"
    ),
    "any(l)": (
        "CASE WHEN l IS NULL THEN NULL WHEN list_contains(l, true) THEN true "
        "WHEN len(list_filter(l, lambda x: x IS NULL)) > 0 THEN NULL ELSE false END"
    ),
    "all(l)": (
        "CASE WHEN l IS NULL THEN NULL WHEN list_contains(l, false) THEN false "
        "WHEN len(list_filter(l, lambda x: x IS NULL)) > 0 THEN NULL ELSE true END"
    ),
    "first_of_key(l)": (
        "map_from_entries(list_filter(l, lambda x, i: x.k IS NOT NULL AND "
        "list_position(list_transform(l, lambda y: y.k), x.k) = i))"
    ),
    "element(l, i)": (
        "CASE WHEN i = 0 THEN trino_fail_with('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1', "
        "l[1]) "
        "WHEN i < 0 THEN trino_fail_with('INVALID_FUNCTION_ARGUMENT: Array subscript is negative: ' || i, "
        "l[1]) "
        "WHEN i > len(l) THEN trino_fail_with('INVALID_FUNCTION_ARGUMENT: Array subscript must be less "
        "than or equal "
        "to array length: ' || i || ' > ' || len(l), l[1]) ELSE l[i] END"
    ),
    "value(m, k)": (
        "CASE WHEN m IS NULL OR k IS NULL THEN NULL WHEN list_contains(map_keys(m), k) THEN m[k] "
        "ELSE trino_fail_with('INVALID_FUNCTION_ARGUMENT: Key not present in map: ' || k, m[k]) END"
    ),
    "digits(t)": "replace(split_part(t, 'e', 1), '.', '')",
    "significant(d)": "COALESCE(NULLIF(rtrim(ltrim(d, '0'), '0'), ''), '0')",
    "scientific(t, d, s)": (
        "d[1] || '.' || COALESCE(NULLIF(substr(d, 2), ''), '0') || 'E' || (length(split_part(split_part(t, "
        "'e', 1), '.', 1)) "
        "- 1 - (length(s) - length(ltrim(s, '0'))) + COALESCE(TRY_CAST(split_part(t, 'e', 2) AS INTEGER), 0))"
    ),
    "text(x)": (
        "CASE WHEN isnan(x) THEN 'NaN' WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' "
        "END "
        "WHEN x = 0 THEN CASE WHEN CAST(x AS VARCHAR) LIKE '-%' THEN '-0E0' ELSE '0E0' END ELSE CASE WHEN "
        "x < 0 THEN '-' ELSE '' END || trino_scientific(CAST(abs(x) AS VARCHAR), "
        "trino_significant(trino_digits(CAST(abs(x) AS VARCHAR))), trino_digits(CAST(abs(x) AS VARCHAR))) END"
    ),
}


def _scalars() -> dict[str, str]:
    macros = {}
    for signatures in SCALARS.values():
        for signature in signatures:
            if signature.has_lambda:
                continue
            variadic = bool(signature.parameters) and signature.parameters[-1].endswith("...")
            count = 2 if variadic else len(signature.parameters)
            names = ", ".join(string.ascii_lowercase[:count])
            macros[f"{signature.macro}({names})"] = signature.body
    return macros


_BODIES = {f"trino_{head}": body for head, body in _HELPERS.items()} | _scalars()
_STATEMENTS = {
    head.partition("(")[0]: f"CREATE MACRO IF NOT EXISTS {head} AS {body}" for head, body in _BODIES.items()
}
_NAME = re.compile(r"\btrino_\w+", re.IGNORECASE)
MACROS = tuple(_STATEMENTS.values())
"""All of them; none stands before what it calls."""


def needed(sql: str) -> list[str]:
    """The statements that define the macros which `sql` calls, and those which they call, in their order."""
    names: set[str] = set()
    found = {name.lower() for name in _NAME.findall(sql)}
    while found:
        names |= found
        called = {name for known in found for name in _NAME.findall(_STATEMENTS.get(known, ""))}
        found = called - names
    return [statement for name, statement in _STATEMENTS.items() if name in names]
