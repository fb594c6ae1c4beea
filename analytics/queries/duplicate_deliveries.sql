-- Of what has arrived and is not deleted yet, by day of delivery: how often was a change delivered more than once?
--
-- parameters:
--   from  2000-01-01
--   to    2099-12-31
-- columns:
--   delivery_date  date
--   row_count      bigint
--   duplicates     bigint

WITH deliveries AS (
  SELECT date(processed_ts) AS delivery_date, row_number() OVER (PARTITION BY change_id ORDER BY processed_ts) AS delivery
  FROM order_arrivals
  WHERE order_date BETWEEN :from AND :to)
SELECT delivery_date, count(*) AS row_count, count(CASE WHEN delivery > 1 THEN 1 END) AS duplicates
FROM deliveries
GROUP BY delivery_date
ORDER BY delivery_date
