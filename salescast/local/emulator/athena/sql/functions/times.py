"""Functions on dates and times. Parts that are spelled out for date and timestamp alike stand in _PARTS."""

_PARTS = {
    "year": "year(a)",
    "quarter": "quarter(a)",
    "month": "month(a)",
    "week": "week(a)",
    "week_of_year": "week(a)",
    "year_of_week": "isoyear(a)",
    "yow": "isoyear(a)",
    "day": "day(a)",
    "day_of_month": "day(a)",
    "day_of_week": "isodow(a)",
    "dow": "isodow(a)",
    "day_of_year": "dayofyear(a)",
    "doy": "dayofyear(a)",
}
_OF_TIMESTAMP = {
    "hour": "hour(a)",
    "minute": "minute(a)",
    "second": "second(a)",
    "millisecond": "millisecond(a) % 1000",
}
_NO_FIELD = "trino_fail('INVALID_FUNCTION_ARGUMENT: ''' || a || ''' is not a valid {} field')"
_DATE_UNITS = "lower(a) IN ('day', 'week', 'month', 'quarter', 'year')"
_UNITS = "lower(a) IN ('millisecond', 'second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year')"
_ADDED = (
    "CASE lower(a) WHEN 'year' THEN c + to_years(CAST(b AS INTEGER)) WHEN 'quarter' THEN c + "
    "to_months(CAST(3 * b AS INTEGER)) "
    "WHEN 'month' THEN c + to_months(CAST(b AS INTEGER)) WHEN 'week' THEN c + to_days(CAST(7 * b AS "
    "INTEGER)) "
    "WHEN 'day' THEN c + to_days(CAST(b AS INTEGER))"
)
_OF_TIME = (
    " WHEN 'hour' THEN c + to_hours(b) WHEN 'minute' THEN c + to_minutes(b) WHEN 'second' THEN c + "
    "to_seconds(b) "
    "WHEN 'millisecond' THEN c + to_milliseconds(b)"
)

TABLE = "\n".join(
    [
        *(f"{name}(date) -> bigint = {body}" for name, body in _PARTS.items()),
        *(f"{name}(timestamp) -> bigint = {body}" for name, body in (_PARTS | _OF_TIMESTAMP).items()),
        rf"""
date(date) -> date = a
date(timestamp) -> date = CAST(a AS DATE)
date(varchar) -> date = trino_date(a)
date_add(varchar, bigint, date) -> date = CAST({_ADDED} ELSE CAST({_NO_FIELD.format("DATE")} AS DATE)
  END AS DATE)
date_add(varchar, bigint, timestamp) -> timestamp = {_ADDED}{_OF_TIME} ELSE
  CAST({_NO_FIELD.format("Timestamp")} AS TIMESTAMP) END
date_diff(varchar, date, date) -> bigint = CASE WHEN {_DATE_UNITS} THEN trino_between(lower(a), CAST(b
  AS TIMESTAMP), CAST(c AS TIMESTAMP)) ELSE {_NO_FIELD.format("DATE")} END
date_diff(varchar, timestamp, timestamp) -> bigint = CASE WHEN {_UNITS} THEN trino_between(lower(a), b,
  c) ELSE {_NO_FIELD.format("Timestamp")} END
date_trunc(varchar, date) -> date = CAST(CASE WHEN {_DATE_UNITS} THEN date_trunc(lower(a), b) ELSE
  CAST(CAST({_NO_FIELD.format("DATE")} AS VARCHAR) AS DATE) END AS DATE)
date_trunc(varchar, timestamp) -> timestamp = CASE WHEN {_UNITS} THEN date_trunc(lower(a), b) ELSE
  CAST(CAST({_NO_FIELD.format("Timestamp")} AS VARCHAR) AS TIMESTAMP) END
from_iso8601_date(varchar) -> date = trino_date(a)
last_day_of_month(date) -> date = last_day(a)
last_day_of_month(timestamp) -> date = last_day(a)
to_iso8601(date) -> varchar = strftime(a, '%Y-%m-%d')
to_iso8601(timestamp) -> varchar = strftime(a, '%Y-%m-%dT%H:%M:%S.%g')
to_milliseconds(interval day to second) -> bigint = CAST(epoch_us(TIMESTAMP '2000-01-01' + a) -
  epoch_us(TIMESTAMP '2000-01-01') AS BIGINT) // 1000
to_unixtime(timestamp) -> double = epoch_us(a) / CAST(1000000 AS DOUBLE)
date(timestamp with time zone) -> date = CAST(a AS DATE)
to_unixtime(timestamp with time zone) -> double = epoch_us(a) / CAST(1000000 AS DOUBLE)
date_diff(varchar, timestamp with time zone, timestamp with time zone) -> bigint = CASE WHEN {_UNITS}
  THEN trino_between(lower(a), b, c) ELSE {_NO_FIELD.format("TimestampWithTimeZone")} END
date_add(varchar, bigint, timestamp with time zone) -> timestamp with time zone = {_ADDED}{_OF_TIME}
  ELSE CAST({_NO_FIELD.format("TimestampWithTimeZone")} AS TIMESTAMP) END
date_trunc(varchar, timestamp with time zone) -> timestamp with time zone = CASE WHEN {_UNITS} THEN
  date_trunc(lower(a), b) ELSE CAST(CAST({_NO_FIELD.format("TimestampWithTimeZone")} AS VARCHAR) AS
  TIMESTAMP) END
from_iso8601_timestamp(varchar) -> timestamp with time zone = CAST(CAST(a AS TIMESTAMPTZ) AS TIMESTAMP)
from_unixtime(double) -> timestamp with time zone = make_timestamp(CAST(round(a * 1000) AS BIGINT) *
  1000)
current_timezone() -> varchar = 'UTC'
""",
    ]
)
