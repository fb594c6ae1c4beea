-- How many hours after it was placed does an order reach each status?
--
-- parameters:
--   from  2000-01-01
--   to    2099-12-31
-- columns:
--   status         string
--   orders         bigint
--   average_hours  decimal(12,2)
--   longest_hours  decimal(12,2)

WITH reached AS (
  SELECT order_id, status, min(date_diff('minute', order_ts, updated_ts)) AS minutes
  FROM order_changes
  WHERE order_date BETWEEN :from AND :to AND change_type = 'MODIFY' AND status <> previous_status
  GROUP BY order_id, status)
SELECT status, count(*) AS orders,
  CAST(CAST(sum(minutes) AS decimal(38,12)) / (60 * count(*)) AS decimal(12,2)) AS average_hours,
  CAST(CAST(max(minutes) AS decimal(38,12)) / 60 AS decimal(12,2)) AS longest_hours
FROM reached
GROUP BY status
ORDER BY average_hours, status
