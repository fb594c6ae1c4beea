-- What became of the orders placed in a period?
--
-- parameters:
--   from  2000-01-01
--   to    2099-12-31
-- columns:
--   status       string
--   currency     string
--   orders       bigint
--   amount       decimal(38,4)
--   net_revenue  decimal(38,4)

SELECT status, currency, count(*) AS orders, sum(amount) AS amount, sum(net_revenue) AS net_revenue
FROM orders
WHERE order_date BETWEEN :from AND :to
GROUP BY status, currency
ORDER BY orders DESC, status, currency
