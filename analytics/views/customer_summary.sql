-- What each customer has bought so far. Customers who asked to be forgotten, and orders without a
-- customer, are left out.
--
-- depends on:
--   OrdersView
-- columns:
--   customer_id     string         pseudonym
--   currency        string         ISO 4217 code
--   first_order_ts  timestamp      when the first order was placed, UTC
--   last_order_ts   timestamp      when the last order was placed, UTC
--   invoices        bigint         invoices, whatever became of them
--   orders          bigint         orders, whatever became of them
--   units           bigint         units of PLACED, SHIPPED and DELIVERED orders
--   net_revenue     decimal(38,4)  amount of PLACED, SHIPPED and DELIVERED orders

SELECT customer_id, currency,
  min(order_ts) AS first_order_ts, max(order_ts) AS last_order_ts,
  count(DISTINCT invoice_id) AS invoices,
  count(*) AS orders,
  CAST(sum(CASE WHEN status IN ('PLACED', 'SHIPPED', 'DELIVERED') THEN quantity ELSE 0 END) AS bigint) AS units,
  CAST(sum(net_revenue) AS decimal(38,4)) AS net_revenue
FROM orders
WHERE customer_id <> 'erased'
GROUP BY customer_id, currency
