-- How does one product sell, day by day?
--
-- parameters:
--   product_id  none
--   from        2000-01-01
--   to          2099-12-31
-- columns:
--   order_date   string
--   currency     string
--   orders       bigint
--   returned     bigint
--   units        bigint
--   net_revenue  decimal(38,4)

SELECT order_date, currency, count(*) AS orders, count(CASE WHEN status = 'RETURNED' THEN 1 END) AS returned,
  sum(CASE WHEN status IN ('PLACED', 'SHIPPED', 'DELIVERED') THEN quantity ELSE 0 END) AS units,
  sum(net_revenue) AS net_revenue
FROM orders
WHERE product_id = :product_id AND order_date BETWEEN :from AND :to
GROUP BY order_date, currency
ORDER BY order_date, currency
