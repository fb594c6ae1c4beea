"""Functions on numbers."""

_UNARY = "sqrt exp sin cos tan asin acos atan sinh cosh tanh degrees radians"

TABLE = (
    "\n".join(
        f"{name}(double) -> double = "
        + {
            "sqrt": "CASE WHEN a < 0 THEN CAST('NaN' AS DOUBLE) ELSE sqrt(a) END",
            "asin": "CASE WHEN abs(a) > 1 THEN CAST('NaN' AS DOUBLE) ELSE asin(a) END",
            "acos": "CASE WHEN abs(a) > 1 THEN CAST('NaN' AS DOUBLE) ELSE acos(a) END",
        }.get(name, f"{name}(a)")
        for name in _UNARY.split()
    )
    + r"""
abs(tinyint) -> tinyint = abs(a)
abs(smallint) -> smallint = abs(a)
abs(integer) -> integer = abs(a)
abs(bigint) -> bigint = abs(a)
abs(decimal) -> decimal = abs(a)
abs(real) -> real = abs(a)
abs(double) -> double = abs(a)
atan2(double, double) -> double = CASE WHEN a = 0 AND b = 0 THEN CAST(0 AS DOUBLE) ELSE atan2(a, b) END
bit_count(bigint, bigint) -> bigint = CASE WHEN b = 64 THEN bit_count(a) ELSE trino_fail('NOT_SUPPORTED:
  the laptop counts the bits of 64') END
bitwise_and(bigint, bigint) -> bigint = a & b
bitwise_or(bigint, bigint) -> bigint = a | b
bitwise_xor(bigint, bigint) -> bigint = xor(a, b)
bitwise_not(bigint) -> bigint = ~a
bitwise_right_shift_arithmetic(bigint, integer) -> bigint = CASE WHEN b >= 63 THEN CASE WHEN a < 0 THEN
  -1 ELSE 0 END ELSE a >> b END
ceil(integer) -> integer = a
ceil(bigint) -> bigint = a
ceil(double) -> double = ceil(a)
ceiling(integer) -> integer = a
ceiling(bigint) -> bigint = a
ceiling(double) -> double = ceil(a)
floor(integer) -> integer = a
floor(bigint) -> bigint = a
floor(double) -> double = floor(a)
truncate(double) -> double = trunc(a)
e() -> double = CAST('2.718281828459045' AS DOUBLE)
pi() -> double = pi()
infinity() -> double = CAST('Infinity' AS DOUBLE)
nan() -> double = CAST('NaN' AS DOUBLE)
is_nan(double) -> boolean = isnan(a)
is_finite(double) -> boolean = isfinite(a)
is_infinite(double) -> boolean = isinf(a)
ln(double) -> double = CASE WHEN a < 0 THEN CAST('NaN' AS DOUBLE) WHEN a = 0 THEN CAST('-Infinity' AS
  DOUBLE) ELSE ln(a) END
log2(double) -> double = CASE WHEN a < 0 THEN CAST('NaN' AS DOUBLE) WHEN a = 0 THEN CAST('-Infinity' AS
  DOUBLE) ELSE log2(a) END
log10(double) -> double = CASE WHEN a < 0 THEN CAST('NaN' AS DOUBLE) WHEN a = 0 THEN CAST('-Infinity' AS
  DOUBLE) ELSE log10(a) END
log(double, double) -> double = CASE WHEN a < 0 OR b < 0 THEN CAST('NaN' AS DOUBLE) WHEN b = 0 THEN
  CAST('-Infinity' AS DOUBLE) ELSE ln(b) / ln(a) END
mod(bigint, bigint) -> bigint = a % trino_not_zero(b)
mod(integer, integer) -> integer = a % trino_not_zero(b)
mod(double, double) -> double = trino_remainder(a, b)
power(double, double) -> double = pow(a, b)
pow(double, double) -> double = pow(a, b)
round(integer) -> integer = a
round(bigint) -> bigint = a
round(double) -> double = trino_round(a, 0)
round(double, integer) -> double = trino_round(a, b)
sign(integer) -> integer = sign(a)
sign(bigint) -> bigint = sign(a)
sign(double) -> double = CAST(CASE WHEN isnan(a) THEN a ELSE sign(a) END AS DOUBLE)
width_bucket(double, double, double, bigint) -> bigint = CASE
  WHEN d <= 0 THEN trino_fail('INVALID_FUNCTION_ARGUMENT: bucketCount must be greater than 0')
  WHEN b >= c THEN trino_fail('NOT_SUPPORTED: the laptop''s Athena has buckets between rising bounds only')
  WHEN isnan(a) THEN trino_fail('INVALID_FUNCTION_ARGUMENT: operand must not be NaN')
  WHEN a < b THEN 0 WHEN a >= c THEN d + 1
  ELSE CAST(floor(CAST(d AS DOUBLE) * abs(a - b) / abs(c - b)) AS BIGINT) + 1 END
greatest(T...) -> T = CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE greatest(a, b) END
least(T...) -> T = CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE least(a, b) END
from_base(varchar, bigint) -> bigint = CASE WHEN b = 16 THEN CAST('0x' || a AS BIGINT) WHEN b = 10 THEN
  CAST(a AS BIGINT) WHEN b = 2 THEN CAST('0b' || a AS BIGINT) ELSE trino_fail('NOT_SUPPORTED: the laptop
  reads bases 2, 10 and 16') END
to_base(bigint, bigint) -> varchar = CASE WHEN b NOT BETWEEN 2 AND 36 THEN
  CAST(trino_fail('INVALID_FUNCTION_ARGUMENT: Radix must be between 2 and 36') AS VARCHAR) WHEN a < 0
  THEN '-' || lower(to_base(-a, CAST(b AS INTEGER))) ELSE lower(to_base(a, CAST(b AS INTEGER))) END
"""
)
