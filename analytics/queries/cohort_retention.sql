-- Of the customers who first bought in a month, how many buy again in later months?
--
-- columns:
--   cohort            date
--   months_later      bigint
--   customers         bigint
--   retained_percent  decimal(12,2)

WITH active AS (
  SELECT DISTINCT customer_id, date_trunc('month', date(order_date)) AS month
  FROM orders
  WHERE customer_id <> 'erased'),
firsts AS (SELECT customer_id, min(month) AS cohort FROM active GROUP BY customer_id),
counts AS (
  SELECT firsts.cohort, date_diff('month', firsts.cohort, active.month) AS months_later, count(*) AS customers
  FROM active
  JOIN firsts ON firsts.customer_id = active.customer_id
  GROUP BY firsts.cohort, date_diff('month', firsts.cohort, active.month))
SELECT cohort, months_later, customers,
  CAST(CAST(100 * customers AS decimal(38,12)) / max(customers) OVER (PARTITION BY cohort) AS decimal(12,2)) AS retained_percent
FROM counts
ORDER BY cohort, months_later
