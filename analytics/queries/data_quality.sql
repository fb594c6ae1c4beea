-- What is missing or odd in the orders of a period: nulls, negative prices, categories that no product
-- has?
--
-- parameters:
--   from  2000-01-01
--   to    2099-12-31
-- columns:
--   orders                bigint
--   without_customer      bigint
--   without_product_name  bigint
--   without_category      bigint
--   unknown_category      bigint
--   negative_price        bigint
--   free                  bigint
--   credit_lines          bigint
--   discount_above_price  bigint

WITH categories AS (SELECT DISTINCT category FROM stock_on_hand)
SELECT count(*) AS orders,
  count(CASE WHEN orders.customer_id IS NULL THEN 1 END) AS without_customer,
  count(CASE WHEN orders.product_name IS NULL THEN 1 END) AS without_product_name,
  count(CASE WHEN orders.category IS NULL THEN 1 END) AS without_category,
  count(CASE WHEN orders.category IS NOT NULL AND categories.category IS NULL THEN 1 END) AS unknown_category,
  count(CASE WHEN orders.unit_price < 0 THEN 1 END) AS negative_price,
  count(CASE WHEN orders.unit_price = 0 THEN 1 END) AS free,
  count(CASE WHEN orders.quantity < 0 THEN 1 END) AS credit_lines,
  count(CASE WHEN orders.amount < 0 AND orders.quantity > 0 THEN 1 END) AS discount_above_price
FROM orders
LEFT JOIN categories ON categories.category = orders.category
WHERE orders.order_date BETWEEN :from AND :to
