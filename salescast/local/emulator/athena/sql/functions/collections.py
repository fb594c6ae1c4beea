"""Functions on arrays and maps. A lambda stands for itself: DuckDB's expression calls it."""

TABLE = r"""
array_distinct(array(T)) -> array(T) = list_filter(a, lambda x, i: COALESCE(trino_position(a, x), 0) = i)
array_union(array(T), array(T)) -> array(T) = CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE
  trino_distinct(list_concat(a, b)) END
array_join(array(varchar), varchar) -> varchar = CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE
  COALESCE(array_to_string(a, b), '') END
array_join(array(varchar), varchar, varchar) -> varchar = CASE WHEN a IS NULL OR b IS NULL OR c IS NULL
  THEN NULL ELSE COALESCE(array_to_string(list_transform(a, lambda x: COALESCE(x, c)), b), '') END
array_join(array(bigint), varchar) -> varchar = CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE
  COALESCE(array_to_string(CAST(a AS VARCHAR[]), b), '') END
array_join(array(boolean), varchar) -> varchar = CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE
  COALESCE(array_to_string(CAST(a AS VARCHAR[]), b), '') END
array_max(array(T)) -> T = CASE WHEN len(list_filter(a, lambda x: x IS NULL)) > 0 THEN NULL ELSE
  list_max(a) END
array_min(array(T)) -> T = CASE WHEN len(list_filter(a, lambda x: x IS NULL)) > 0 THEN NULL ELSE
  list_min(a) END
array_position(array(T), T) -> bigint = CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE
  COALESCE(list_position(a, b), 0) END
array_remove(array(T), T) -> array(T) = CASE WHEN b IS NULL THEN NULL ELSE list_filter(a, lambda x: x IS
  NULL OR x <> b) END
array_sort(array(T)) -> array(T) = list_sort(a, 'ASC', 'NULLS LAST')
arrays_overlap(array(T), array(T)) -> boolean = CASE WHEN a IS NULL OR b IS NULL THEN NULL WHEN
  len(list_filter(a, lambda x: x IS NOT NULL AND COALESCE(list_contains(b, x), false))) > 0 THEN true
  WHEN (len(list_filter(a, lambda x: x IS NULL)) > 0 AND len(b) > 0) OR (len(list_filter(b, lambda x: x
  IS NULL)) > 0 AND len(a) > 0) THEN NULL ELSE false END
cardinality(array(T)) -> bigint = len(a)
cardinality(map(K,V)) -> bigint = len(map_keys(a))
contains(array(T), T) -> boolean = CASE WHEN b IS NULL OR a IS NULL THEN NULL WHEN list_contains(a, b)
  THEN true WHEN len(list_filter(a, lambda x: x IS NULL)) > 0 THEN NULL ELSE false END
element_at(array(T), bigint) -> T = CASE WHEN b = 0 THEN trino_fail_with('INVALID_FUNCTION_ARGUMENT: SQL
  array indices start at 1', a[1]) ELSE a[b] END
element_at(map(K,V), K) -> V = a[b]
flatten(array(array(T))) -> array(T) = flatten(a)
reverse(array(T)) -> array(T) = list_reverse(a)
repeat(T, integer) -> array(T) = list_transform(range(CAST(greatest(b, 0) AS BIGINT)), lambda i: a)
sequence(bigint, bigint) -> array(bigint) = CASE WHEN a <= b THEN generate_series(a, b) ELSE
  generate_series(a, b, -1) END
sequence(bigint, bigint, bigint) -> array(bigint) = CASE WHEN c = 0 OR (a < b AND c < 0) OR (a > b AND c
  > 0) THEN [CAST(trino_fail('INVALID_FUNCTION_ARGUMENT: sequence stop value should be greater than or
  equal to start value if step is greater than zero otherwise stop should be less than or equal to
  start') AS BIGINT)] ELSE generate_series(a, b, c) END
sequence(date, date) -> array(date) = CAST(CASE WHEN a <= b THEN generate_series(CAST(a AS TIMESTAMP),
  CAST(b AS TIMESTAMP), INTERVAL 1 DAY) ELSE generate_series(CAST(a AS TIMESTAMP), CAST(b AS TIMESTAMP),
  INTERVAL '-1' DAY) END AS DATE[])
sequence(date, date, interval day to second) -> array(date) = CAST(generate_series(CAST(a AS TIMESTAMP),
  CAST(b AS TIMESTAMP), c) AS DATE[])
sequence(timestamp, timestamp, interval day to second) -> array(timestamp) = generate_series(a, b, c)
slice(array(T), bigint, bigint) -> array(T) = CASE WHEN b = 0 THEN
  trino_fail_with('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1', a) WHEN c < 0 THEN
  trino_fail_with('INVALID_FUNCTION_ARGUMENT: length must be greater than or equal to 0', a) WHEN b <
  -len(a) THEN a[1:0] WHEN b < 0 THEN a[len(a) + b + 1 : len(a) + b + c] ELSE a[b : b + c - 1] END
map(array(K), array(V)) -> map(K,V) = CASE WHEN len(a) <> len(b) THEN
  trino_fail_with('INVALID_FUNCTION_ARGUMENT: Key and value arrays must be the same length', map(a, b))
  ELSE map(a, b) END
map_keys(map(K,V)) -> array(K) = map_keys(a)
map_values(map(K,V)) -> array(V) = map_values(a)
map_from_entries(array(row(K,V))) -> map(K,V) = map_from_entries(a)
zip_with(array(T), array(U), function(T,U,R)) -> array(R) = zip_with
transform(array(T), function(T,R)) -> array(R) = list_transform
filter(array(T), function(T,boolean)) -> array(T) = list_filter
any_match(array(T), function(T,boolean)) -> boolean = any_match
all_match(array(T), function(T,boolean)) -> boolean = all_match
none_match(array(T), function(T,boolean)) -> boolean = none_match
reduce(array(T), U, function(U,T,U), function(U,R)) -> R = reduce
"""
