-- Which customers bring the most revenue?
--
-- parameters:
--   from     2000-01-01
--   to       2099-12-31
--   country  all
-- columns:
--   customer_id      string
--   currency         string
--   invoices         bigint
--   units            bigint
--   net_revenue      decimal(38,4)
--   last_order_date  string

SELECT customer_id, currency, count(DISTINCT invoice_id) AS invoices,
  sum(CASE WHEN status IN ('PLACED', 'SHIPPED', 'DELIVERED') THEN quantity ELSE 0 END) AS units,
  sum(net_revenue) AS net_revenue, max(order_date) AS last_order_date
FROM orders
WHERE order_date BETWEEN :from AND :to AND :country IN ('all', country) AND customer_id <> 'erased'
GROUP BY customer_id, currency
ORDER BY net_revenue DESC, customer_id, currency
LIMIT 20
