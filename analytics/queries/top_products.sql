-- Which products bring the most revenue?
--
-- parameters:
--   from      2000-01-01
--   to        2099-12-31
--   country   all
--   channel   all
--   category  all
-- columns:
--   product_id    string
--   product_name  string
--   category      string
--   currency      string
--   units         bigint
--   net_revenue   decimal(38,4)

SELECT product_id, max_by(product_name, order_ts) AS product_name, max_by(category, order_ts) AS category, currency,
  sum(CASE WHEN status IN ('PLACED', 'SHIPPED', 'DELIVERED') THEN quantity ELSE 0 END) AS units,
  sum(net_revenue) AS net_revenue
FROM orders
WHERE order_date BETWEEN :from AND :to AND :country IN ('all', country) AND :channel IN ('all', channel) AND :category IN ('all', category)
GROUP BY product_id, currency
ORDER BY net_revenue DESC, product_id, currency
LIMIT 20
