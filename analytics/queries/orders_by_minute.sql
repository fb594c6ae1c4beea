-- How many orders are placed in each minute of a day or of several?
--
-- parameters:
--   from  today
--   to    today
-- columns:
--   minute       timestamp
--   currency     string
--   orders       bigint
--   net_revenue  decimal(38,4)

SELECT date_trunc('minute', order_ts) AS minute, currency, count(*) AS orders, sum(net_revenue) AS net_revenue
FROM orders
WHERE order_date BETWEEN :from AND :to
GROUP BY date_trunc('minute', order_ts), currency
ORDER BY minute, currency
