-- How many customers of a month buy for the first time, and what do they bring?
--
-- parameters:
--   from  2000-01
--   to    2099-12
-- columns:
--   month                string
--   currency             string
--   new_customers        bigint
--   returning_customers  bigint
--   new_revenue          decimal(38,4)
--   returning_revenue    decimal(38,4)

WITH invoices AS (
  SELECT customer_id, substr(order_date, 1, 7) AS month, currency, sum(net_revenue) AS net_revenue
  FROM orders
  WHERE customer_id <> 'erased'
  GROUP BY customer_id, substr(order_date, 1, 7), currency),
firsts AS (SELECT customer_id, min(month) AS first_month FROM invoices GROUP BY customer_id)
SELECT invoices.month, invoices.currency,
  count(CASE WHEN invoices.month = firsts.first_month THEN 1 END) AS new_customers,
  count(CASE WHEN invoices.month > firsts.first_month THEN 1 END) AS returning_customers,
  sum(CASE WHEN invoices.month = firsts.first_month THEN invoices.net_revenue ELSE 0 END) AS new_revenue,
  sum(CASE WHEN invoices.month > firsts.first_month THEN invoices.net_revenue ELSE 0 END) AS returning_revenue
FROM invoices
JOIN firsts ON firsts.customer_id = invoices.customer_id
WHERE invoices.month BETWEEN :from AND :to
GROUP BY invoices.month, invoices.currency
ORDER BY month, currency
