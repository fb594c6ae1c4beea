-- Who bought in a period: how many baskets, customers who came for the first time and ones who came back?
--
-- A basket is what shares an invoice and counts as revenue. A customer is new in the period of the first order.
--
-- parameters:
--   from      today-28
--   to        today-1
--   country   all
--   channel   all
--   category  all
-- columns:
--   currency             string
--   baskets              bigint
--   units                bigint
--   net_revenue          decimal(38,4)
--   new_customers        bigint
--   returning_customers  bigint
--   new_revenue          decimal(38,4)
--   returning_revenue    decimal(38,4)

WITH firsts AS (
  SELECT customer_id, min(order_date) AS first_date
  FROM orders
  WHERE customer_id <> 'erased' AND order_date <= :to
  GROUP BY customer_id),
newcomers AS (SELECT customer_id FROM firsts WHERE first_date >= :from),
lines AS (
  SELECT orders.currency, orders.invoice_id, orders.quantity, orders.net_revenue, newcomers.customer_id AS newcomer,
    CASE WHEN newcomers.customer_id IS NULL AND orders.customer_id <> 'erased' THEN orders.customer_id END AS returner
  FROM orders
  LEFT JOIN newcomers ON newcomers.customer_id = orders.customer_id
  WHERE orders.order_date BETWEEN :from AND :to AND :country IN ('all', orders.country) AND :channel IN ('all', orders.channel)
    AND :category IN ('all', orders.category) AND orders.status IN ('PLACED', 'SHIPPED', 'DELIVERED'))
SELECT currency, count(DISTINCT invoice_id) AS baskets, sum(quantity) AS units, sum(net_revenue) AS net_revenue,
  count(DISTINCT newcomer) AS new_customers, count(DISTINCT returner) AS returning_customers,
  sum(CASE WHEN newcomer IS NULL THEN 0 ELSE net_revenue END) AS new_revenue,
  sum(CASE WHEN returner IS NULL THEN 0 ELSE net_revenue END) AS returning_revenue
FROM lines
GROUP BY currency
ORDER BY net_revenue DESC, currency
