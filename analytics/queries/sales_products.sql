-- How does each product sell in a period, what came back of it, and how did it sell in another period?
--
-- parameters:
--   from       today-28
--   to         today-1
--   before     today-56
--   until      today-29
--   country    all
--   channel    all
--   category   all
-- columns:
--   product_id            string
--   product_name          string
--   category              string
--   currency              string
--   orders                bigint
--   cancelled             bigint
--   returned              bigint
--   units                 bigint
--   net_revenue           decimal(38,4)
--   previous_net_revenue  decimal(38,4)

WITH lines AS (
  SELECT true AS recent, product_id, product_name, category, currency, status, quantity, net_revenue, order_ts
  FROM orders
  WHERE order_date BETWEEN :from AND :to AND :country IN ('all', country) AND :channel IN ('all', channel) AND :category IN ('all', category)
  UNION ALL
  SELECT false, product_id, product_name, category, currency, status, quantity, net_revenue, order_ts
  FROM orders
  WHERE order_date BETWEEN :before AND :until AND :country IN ('all', country) AND :channel IN ('all', channel)
    AND :category IN ('all', category))
SELECT product_id, max_by(product_name, order_ts) AS product_name, max_by(category, order_ts) AS category, currency,
  count(CASE WHEN recent THEN 1 END) AS orders,
  count(CASE WHEN recent AND status = 'CANCELLED' THEN 1 END) AS cancelled,
  count(CASE WHEN recent AND status = 'RETURNED' THEN 1 END) AS returned,
  sum(CASE WHEN recent AND status IN ('PLACED', 'SHIPPED', 'DELIVERED') THEN quantity ELSE 0 END) AS units,
  sum(CASE WHEN recent THEN net_revenue ELSE 0 END) AS net_revenue,
  sum(CASE WHEN recent THEN 0 ELSE net_revenue END) AS previous_net_revenue
FROM lines
GROUP BY product_id, currency
ORDER BY net_revenue DESC, product_id, currency
LIMIT 2000
