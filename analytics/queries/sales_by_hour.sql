-- At which hours of the day (UTC) do people buy?
--
-- parameters:
--   from     2000-01-01
--   to       2099-12-31
--   country  all
-- columns:
--   hour_of_day  bigint
--   currency     string
--   orders       bigint
--   units        bigint
--   net_revenue  decimal(38,4)

SELECT hour(order_ts) AS hour_of_day, currency, count(*) AS orders,
  sum(CASE WHEN status IN ('PLACED', 'SHIPPED', 'DELIVERED') THEN quantity ELSE 0 END) AS units,
  sum(net_revenue) AS net_revenue
FROM orders
WHERE order_date BETWEEN :from AND :to AND :country IN ('all', country)
GROUP BY hour(order_ts), currency
ORDER BY hour_of_day, currency
