-- On which days did something sell under a promotion?
--
-- parameters:
--   from  2000-01-01
--   to    2099-12-31
-- columns:
--   promotion   string
--   order_date  string
--   orders      bigint

SELECT promotion, order_date, count(*) AS orders
FROM orders
WHERE promotion IS NOT NULL AND order_date BETWEEN :from AND :to
GROUP BY promotion, order_date
ORDER BY promotion, order_date
