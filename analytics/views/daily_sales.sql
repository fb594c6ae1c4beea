-- Sales by day and what they are asked by; every figure adds up. Units count as net revenue does.
--
-- depends on:
--   OrdersView
-- columns:
--   order_date   string         UTC date of order_ts; filter on it, and only those days are read
--   country      string         country name as the source gives it
--   channel      string         WEB, STORE, MOBILE, MARKETPLACE
--   category     string         category of the product
--   currency     string         ISO 4217 code
--   orders       bigint         orders placed, whatever became of them
--   cancelled    bigint         those of them that were cancelled
--   returned     bigint         those of them that were returned
--   units        bigint         units of PLACED, SHIPPED and DELIVERED orders
--   amount       decimal(38,4)  amount of all orders
--   net_revenue  decimal(38,4)  amount of PLACED, SHIPPED and DELIVERED orders

SELECT order_date, country, channel, category, currency,
  count(*) AS orders,
  count(CASE WHEN status = 'CANCELLED' THEN 1 END) AS cancelled,
  count(CASE WHEN status = 'RETURNED' THEN 1 END) AS returned,
  CAST(sum(CASE WHEN status IN ('PLACED', 'SHIPPED', 'DELIVERED') THEN quantity ELSE 0 END) AS bigint) AS units,
  CAST(sum(amount) AS decimal(38,4)) AS amount,
  CAST(sum(net_revenue) AS decimal(38,4)) AS net_revenue
FROM orders
GROUP BY order_date, country, channel, category, currency
