-- What is sold on a day until a time of it (UTC), what was until then the day before, and at what is the
-- day projected to close?
--
-- parameters:
--   day     today
--   until   23:59:59
--   before  today-1
-- columns:
--   currency            string
--   orders              bigint
--   net_revenue         decimal(38,4)
--   orders_before       bigint
--   net_revenue_before  decimal(38,4)
--   closing_revenue     double
--   lo80                double
--   hi80                double
--   projected_ts        timestamp

WITH lines AS (
  SELECT true AS today, currency, net_revenue FROM orders WHERE order_date = :day AND date_format(order_ts, '%H:%i:%s') <= :until
  UNION ALL
  SELECT false, currency, net_revenue FROM orders WHERE order_date = :before AND date_format(order_ts, '%H:%i:%s') <= :until),
sold AS (
  SELECT currency, count(CASE WHEN today THEN 1 END) AS orders, sum(CASE WHEN today THEN net_revenue ELSE 0 END) AS net_revenue,
    count(CASE WHEN NOT today THEN 1 END) AS orders_before, sum(CASE WHEN today THEN 0 ELSE net_revenue END) AS net_revenue_before
  FROM lines
  GROUP BY currency),
closing AS (
  SELECT currency, mean, lo80, hi80, projected_ts
  FROM sales_projections
  WHERE run_date = :day AND breakdown = 'total' AND measure = 'revenue' AND horizon = 0)
SELECT COALESCE(sold.currency, closing.currency) AS currency,
  COALESCE(sold.orders, 0) AS orders, COALESCE(sold.net_revenue, 0) AS net_revenue,
  COALESCE(sold.orders_before, 0) AS orders_before, COALESCE(sold.net_revenue_before, 0) AS net_revenue_before,
  closing.mean AS closing_revenue, closing.lo80, closing.hi80, closing.projected_ts
FROM sold
FULL OUTER JOIN closing ON closing.currency = sold.currency
ORDER BY net_revenue DESC, 1
