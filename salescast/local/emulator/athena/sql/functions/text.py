"""Functions on text and bytes."""

TABLE = r"""
chr(bigint) -> varchar = chr(CAST(a AS INTEGER))
concat(array(T)...) -> array(T) = CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE list_concat(a, b) END
concat(array(T), T) -> array(T) = CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE list_append(a, b) END
concat(T, array(T)) -> array(T) = CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE list_prepend(a, b) END
concat(varchar...) -> varchar = a || b
concat(varbinary...) -> varbinary = a || b
concat_ws(varchar, array(varchar)) -> varchar = CASE WHEN b IS NULL THEN NULL ELSE
  COALESCE(array_to_string(b, a), CASE WHEN a IS NOT NULL THEN '' END) END
from_hex(varchar) -> varbinary = unhex(a)
from_utf8(varbinary) -> varchar = decode(a)
hamming_distance(varchar, varchar) -> bigint = CASE WHEN length(a) <> length(b) THEN
  trino_fail('INVALID_FUNCTION_ARGUMENT: The input strings to hamming_distance function must have the
  same length') ELSE CASE WHEN a = '' THEN 0 ELSE hamming(a, b) END END
length(varchar) -> bigint = length(a)
length(varbinary) -> bigint = octet_length(a)
lower(varchar) -> varchar = lower(a)
lpad(varchar, bigint, varchar) -> varchar = CASE WHEN b < 0 THEN
  CAST(trino_fail('INVALID_FUNCTION_ARGUMENT: Target length must be in the range [0..2147483647]') AS
  VARCHAR) WHEN c = '' THEN CAST(trino_fail('INVALID_FUNCTION_ARGUMENT: Padding string must not be
  empty') AS VARCHAR) ELSE lpad(a, CAST(b AS INTEGER), c) END
rpad(varchar, bigint, varchar) -> varchar = CASE WHEN b < 0 THEN
  CAST(trino_fail('INVALID_FUNCTION_ARGUMENT: Target length must be in the range [0..2147483647]') AS
  VARCHAR) WHEN c = '' THEN CAST(trino_fail('INVALID_FUNCTION_ARGUMENT: Padding string must not be
  empty') AS VARCHAR) ELSE rpad(a, CAST(b AS INTEGER), c) END
ltrim(varchar) -> varchar = ltrim(a, trino_spaces())
rtrim(varchar) -> varchar = rtrim(a, trino_spaces())
trim(varchar) -> varchar = trim(a, trino_spaces())
ltrim(varchar, varchar) -> varchar = ltrim(a, b)
rtrim(varchar, varchar) -> varchar = rtrim(a, b)
trim(varchar, varchar) -> varchar = trim(a, b)
md5(varbinary) -> varbinary = unhex(md5(a))
sha1(varbinary) -> varbinary = unhex(sha1(a))
sha256(varbinary) -> varbinary = unhex(sha256(a))
replace(varchar, varchar) -> varchar = replace(a, b, '')
replace(varchar, varchar, varchar) -> varchar = CASE WHEN b = '' THEN CASE WHEN a = '' THEN c ELSE c ||
  array_to_string(list_transform(string_split(a, ''), lambda x: x || c), '') END ELSE replace(a, b, c)
  END
reverse(varchar) -> varchar = COALESCE(array_to_string(list_reverse(regexp_extract_all(a, '(?s).')),
  ''), '') || CASE WHEN a IS NULL THEN NULL ELSE '' END
split(varchar, varchar) -> array(varchar) = CASE WHEN a IS NULL OR b IS NULL THEN NULL WHEN b = ''
  THEN [CAST(trino_fail('INVALID_FUNCTION_ARGUMENT: The delimiter may not be the empty string') AS VARCHAR)]
  ELSE string_split(a, b) END
split_part(varchar, varchar, bigint) -> varchar = CASE WHEN a IS NULL OR b IS NULL THEN NULL WHEN c <= 0
  THEN CAST(trino_fail('INVALID_FUNCTION_ARGUMENT: Index must be greater than zero') AS VARCHAR) WHEN b = ''
  THEN CASE WHEN c > length(a) THEN NULL ELSE substr(a, c, 1) END ELSE string_split(a, b)[c] END
starts_with(varchar, varchar) -> boolean = starts_with(a, b)
strpos(varchar, varchar) -> bigint = CASE WHEN b = '' THEN CASE WHEN a IS NULL THEN NULL ELSE 1 END ELSE
  strpos(a, b) END
strpos(varchar, varchar, bigint) -> bigint = CASE WHEN a IS NULL OR b IS NULL OR c IS NULL THEN NULL
  WHEN c = 0 THEN trino_fail('INVALID_FUNCTION_ARGUMENT: ''instance'' must not be a positive or negative
  number.') WHEN b = '' THEN CASE WHEN c > 0 THEN 1 ELSE length(a) + 1 END ELSE trino_strpos(a, b, c)
  END
substr(varchar, bigint) -> varchar = CASE WHEN b = 0 OR abs(b) > length(a) THEN CASE WHEN a IS NULL OR b
  IS NULL THEN NULL ELSE '' END ELSE substr(a, b) END
substring(varchar, bigint) -> varchar = CASE WHEN b = 0 OR abs(b) > length(a) THEN CASE WHEN a IS NULL
  OR b IS NULL THEN NULL ELSE '' END ELSE substr(a, b) END
substr(varchar, bigint, bigint) -> varchar = CASE WHEN b = 0 OR abs(b) > length(a) OR c <= 0 THEN CASE
  WHEN a IS NULL OR b IS NULL OR c IS NULL THEN NULL ELSE '' END ELSE substr(a, b, c) END
substring(varchar, bigint, bigint) -> varchar = CASE WHEN b = 0 OR abs(b) > length(a) OR c <= 0 THEN
  CASE WHEN a IS NULL OR b IS NULL OR c IS NULL THEN NULL ELSE '' END ELSE substr(a, b, c) END
to_hex(varbinary) -> varchar = hex(a)
to_base64(varbinary) -> varchar = to_base64(a)
from_base64(varchar) -> varbinary = from_base64(a)
to_utf8(varchar) -> varbinary = encode(a)
upper(varchar) -> varchar = CASE WHEN contains(a, 'ß') THEN
  array_to_string(list_transform(string_split(a, 'ß'), lambda x: upper(x)), 'ß') ELSE upper(a) END
regexp_like(varchar, varchar) -> boolean = regexp_matches(a, b)
regexp_extract(varchar, varchar) -> varchar = CASE WHEN regexp_matches(a, b) THEN regexp_extract(a, b)
  END
regexp_extract(varchar, varchar, bigint) -> varchar = CASE WHEN regexp_matches(a, b) THEN
  regexp_extract(a, b, CAST(c AS INTEGER)) END
regexp_extract_all(varchar, varchar) -> array(varchar) = regexp_extract_all(a, b)
regexp_count(varchar, varchar) -> bigint = len(regexp_extract_all(a, b))
regexp_replace(varchar, varchar) -> varchar = regexp_replace(a, b, '', 'g')
regexp_replace(varchar, varchar, varchar) -> varchar = regexp_replace(a, b, c, 'g')
regexp_split(varchar, varchar) -> array(varchar) =
  CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE string_split_regex(a, b) END
levenshtein_distance(varchar, varchar) -> bigint = CASE WHEN a = '' THEN length(b) WHEN b = '' THEN
  length(a) ELSE levenshtein(a, b) END
json_extract_scalar(varchar, varchar) -> varchar = CASE WHEN NOT regexp_full_match(b,
  '\$(\.[A-Za-z_][A-Za-z0-9_]*|\[[0-9]+\])*') THEN CAST(trino_fail('NOT_SUPPORTED: the laptop''s Athena
  has no such JSON path: ' || b) AS VARCHAR) ELSE trino_json(CASE WHEN json_valid(a) THEN a END, CASE
  WHEN regexp_full_match(b, '\$(\.[A-Za-z_][A-Za-z0-9_]*|\[[0-9]+\])*') THEN b END) END
json_array_length(varchar) -> bigint = CASE WHEN json_type(CASE WHEN json_valid(a) THEN a END) = 'ARRAY'
  THEN json_array_length(CASE WHEN json_valid(a) THEN a END) END
translate(varchar, varchar, varchar) -> varchar = translate(a, b, c)
"""
