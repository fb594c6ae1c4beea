-- By day of the change: how long until its row was made, and how many rows were late?
--
-- Athena takes a parameter in WHERE only: what is computed with is looked up there, 9,999 seconds at the most.
--
-- parameters:
--   from          2000-01-01
--   to            2099-12-31
--   late_seconds  120
-- columns:
--   change_date      date
--   changes          bigint
--   median_seconds   bigint
--   p95_seconds      bigint
--   longest_seconds  bigint
--   late             bigint

WITH tolerance AS (
  SELECT n AS seconds FROM UNNEST(sequence(0, 9999)) AS t (n) WHERE n = :late_seconds),
firsts AS (
  SELECT change_id, date(change_ts) AS change_date, date_diff('second', change_ts, min(processed_ts)) AS seconds
  FROM order_changes
  WHERE order_date BETWEEN :from AND :to
  GROUP BY change_id, change_ts),
ranked AS (
  SELECT change_date, seconds, row_number() OVER (PARTITION BY change_date ORDER BY seconds) AS place,
    count(*) OVER (PARTITION BY change_date) AS changes
  FROM firsts)
SELECT change_date, count(*) AS changes, min(CASE WHEN 2 * place >= changes THEN seconds END) AS median_seconds,
  min(CASE WHEN 100 * place >= 95 * changes THEN seconds END) AS p95_seconds, max(seconds) AS longest_seconds,
  count(CASE WHEN ranked.seconds > tolerance.seconds THEN 1 END) AS late
FROM ranked
LEFT JOIN tolerance ON true
GROUP BY change_date, tolerance.seconds
ORDER BY change_date
