-- Which products lost the most revenue against as many days before?
--
-- parameters:
--   days  28
--   to    today
-- columns:
--   product_id            string
--   product_name          string
--   currency              string
--   net_revenue           decimal(38,4)
--   previous_net_revenue  decimal(38,4)
--   difference            decimal(38,4)

WITH lines AS (
  SELECT true AS recent, product_id, product_name, currency, net_revenue, order_ts
  FROM orders
  WHERE order_date > CAST(date_add('day', -:days, date(:to)) AS varchar) AND order_date <= :to
  UNION ALL
  SELECT false, product_id, product_name, currency, net_revenue, order_ts
  FROM orders
  WHERE order_date > CAST(date_add('day', -2 * :days, date(:to)) AS varchar)
    AND order_date <= CAST(date_add('day', -:days, date(:to)) AS varchar)),
periods AS (
  SELECT product_id, max_by(product_name, order_ts) AS product_name, currency,
    sum(CASE WHEN recent THEN net_revenue ELSE 0 END) AS net_revenue,
    sum(CASE WHEN recent THEN 0 ELSE net_revenue END) AS previous_net_revenue
  FROM lines
  GROUP BY product_id, currency)
SELECT product_id, product_name, currency, net_revenue, previous_net_revenue,
  net_revenue - previous_net_revenue AS difference
FROM periods
WHERE net_revenue < previous_net_revenue
ORDER BY difference, product_id, currency
LIMIT 20
