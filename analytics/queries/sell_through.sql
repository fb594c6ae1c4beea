-- Which part of what could be sold was sold: units sold against these and the stock there is?
--
-- parameters:
--   days  28
-- columns:
--   category              string
--   units_sold            bigint
--   stock                 bigint
--   sell_through_percent  decimal(12,2)

WITH sold AS (
  SELECT product_id, sum(quantity) AS units
  FROM orders
  WHERE order_date > CAST(date_add('day', -:days, current_date) AS varchar) AND status IN ('PLACED', 'SHIPPED', 'DELIVERED')
  GROUP BY product_id)
SELECT stock_on_hand.category, sum(COALESCE(sold.units, 0)) AS units_sold, sum(stock_on_hand.stock) AS stock,
  CAST(CAST(100 * sum(COALESCE(sold.units, 0)) AS decimal(38,12))
    / NULLIF(sum(COALESCE(sold.units, 0)) + sum(stock_on_hand.stock), 0) AS decimal(12,2)) AS sell_through_percent
FROM stock_on_hand
LEFT JOIN sold ON sold.product_id = stock_on_hand.product_id
GROUP BY stock_on_hand.category
ORDER BY sell_through_percent DESC, stock_on_hand.category
