-- How much is in stock, and for how many days does it last at the pace of the last days?
--
-- Athena takes a parameter in WHERE only: what is computed with is looked up there, 9,999 days at the most.
--
-- parameters:
--   days  28
-- columns:
--   product_id     string
--   product_name   string
--   category       string
--   stock          int
--   units_sold     bigint
--   days_of_cover  decimal(12,1)

WITH period AS (
  SELECT n AS days FROM UNNEST(sequence(1, 9999)) AS t (n) WHERE n = :days),
sold AS (
  SELECT product_id, sum(quantity) AS units
  FROM orders
  WHERE order_date > CAST(date_add('day', -:days, current_date) AS varchar) AND status IN ('PLACED', 'SHIPPED', 'DELIVERED')
  GROUP BY product_id)
SELECT stock_on_hand.product_id, stock_on_hand.product_name, stock_on_hand.category, stock_on_hand.stock,
  COALESCE(sold.units, 0) AS units_sold,
  CAST(CAST(CAST(stock_on_hand.stock AS bigint) * period.days AS decimal(38,12)) / NULLIF(sold.units, 0) AS decimal(12,1)) AS days_of_cover
FROM stock_on_hand
LEFT JOIN sold ON sold.product_id = stock_on_hand.product_id
LEFT JOIN period ON true
ORDER BY days_of_cover NULLS LAST, stock_on_hand.product_id
