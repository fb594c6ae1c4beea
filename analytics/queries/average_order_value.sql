-- What is an invoice worth on average, month by month?
--
-- parameters:
--   from     2000-01-01
--   to       2099-12-31
--   country  all
-- columns:
--   month                string
--   currency             string
--   invoices             bigint
--   net_revenue          decimal(38,4)
--   average_order_value  decimal(20,2)

SELECT substr(order_date, 1, 7) AS month, currency, count(DISTINCT invoice_id) AS invoices,
  sum(net_revenue) AS net_revenue,
  CAST(CAST(sum(net_revenue) AS decimal(38,12)) / count(DISTINCT invoice_id) AS decimal(20,2)) AS average_order_value
FROM orders
WHERE order_date BETWEEN :from AND :to AND :country IN ('all', country) AND status IN ('PLACED', 'SHIPPED', 'DELIVERED')
GROUP BY substr(order_date, 1, 7), currency
ORDER BY month, currency
