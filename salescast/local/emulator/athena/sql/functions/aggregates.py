"""Aggregate and window functions. The aggregate in an expression takes the call's FILTER and OVER."""

_MOMENTS = {
    "stddev": "stddev_samp",
    "stddev_samp": "stddev_samp",
    "stddev_pop": "stddev_pop",
    "variance": "var_samp",
    "var_samp": "var_samp",
    "var_pop": "var_pop",
}

AGGREGATES = (
    "\n".join(f"{name}(double) -> double = {ours}(a)" for name, ours in _MOMENTS.items())
    + r"""
any_value(T) -> T = any_value(a)
approx_distinct(T) -> bigint = count(DISTINCT a)
approx_percentile(bigint, real) -> bigint = approx_quantile(a, b)
approx_percentile(double, real) -> double = approx_quantile(a, b)
arbitrary(T) -> T = any_value(a)
array_agg(T) -> array(T) = list(a)
avg(bigint) -> double = avg(a)
avg(double) -> double = avg(a)
bitwise_and_agg(bigint) -> bigint = bit_and(a)
bitwise_or_agg(bigint) -> bigint = bit_or(a)
bool_and(boolean) -> boolean = bool_and(a)
bool_or(boolean) -> boolean = bool_or(a)
every(boolean) -> boolean = bool_and(a)
corr(double, double) -> double = corr(a, b)
covar_pop(double, double) -> double = covar_pop(a, b)
covar_samp(double, double) -> double = covar_samp(a, b)
count(T) -> bigint = count(a)
count() -> bigint = count(*)
count_if(boolean) -> bigint = CAST(count_if(a) AS BIGINT)
map_agg(K, V) -> map(K,V) = trino_first_of_key(list({'k': a, 'v': b}))
max(T) -> T = max(a)
min(T) -> T = min(a)
max_by(T, U) -> T = arg_max_null(a, b)
min_by(T, U) -> T = arg_min_null(a, b)
regr_slope(double, double) -> double = regr_slope(a, b)
regr_intercept(double, double) -> double = regr_intercept(a, b)
sum(bigint) -> bigint = CAST(sum(a) AS BIGINT)
sum(double) -> double = sum(a)
"""
)
WINDOWS = r"""
cume_dist() -> double = cume_dist()
dense_rank() -> bigint = dense_rank()
first_value(T) -> T = first_value(a)
lag(T) -> T = lag(a)
lag(T, bigint) -> T = lag(a, b)
lag(T, bigint, T) -> T = lag(a, b, c)
last_value(T) -> T = last_value(a)
lead(T) -> T = lead(a)
lead(T, bigint) -> T = lead(a, b)
lead(T, bigint, T) -> T = lead(a, b, c)
nth_value(T, bigint) -> T = nth_value(a, b)
ntile(bigint) -> bigint = ntile(a)
percent_rank() -> double = percent_rank()
rank() -> bigint = rank()
row_number() -> bigint = row_number()
"""
