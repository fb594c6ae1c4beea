-- Which categories are returned or cancelled most?
--
-- parameters:
--   from  2000-01-01
--   to    2099-12-31
-- columns:
--   category           string
--   orders             bigint
--   cancelled          bigint
--   returned           bigint
--   cancelled_percent  decimal(12,2)
--   returned_percent   decimal(12,2)

SELECT category, sum(orders) AS orders, sum(cancelled) AS cancelled, sum(returned) AS returned,
  CAST(CAST(100 * sum(cancelled) AS decimal(38,12)) / sum(orders) AS decimal(12,2)) AS cancelled_percent,
  CAST(CAST(100 * sum(returned) AS decimal(38,12)) / sum(orders) AS decimal(12,2)) AS returned_percent
FROM daily_sales
WHERE order_date BETWEEN :from AND :to
GROUP BY category
ORDER BY returned_percent DESC, cancelled_percent DESC, category
