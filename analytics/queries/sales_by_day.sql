-- How much was sold on each day, in all countries or in one?
--
-- parameters:
--   from     2000-01-01
--   to       2099-12-31
--   country  all
-- columns:
--   order_date   string
--   currency     string
--   orders       bigint
--   units        bigint
--   net_revenue  decimal(38,4)

SELECT order_date, currency, sum(orders) AS orders, sum(units) AS units, sum(net_revenue) AS net_revenue
FROM daily_sales
WHERE order_date BETWEEN :from AND :to AND :country IN ('all', country)
GROUP BY order_date, currency
ORDER BY order_date, currency
