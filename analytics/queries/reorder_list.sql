-- What has to be ordered now, because it is low or will run out before a delivery arrives?
--
-- Athena takes a parameter in WHERE only: what is computed with is looked up there, 9,999 days at the most.
--
-- parameters:
--   days  28
-- columns:
--   product_id         string
--   product_name       string
--   stock              int
--   reorder_level      int
--   lead_time_days     int
--   units_a_day        decimal(18,2)
--   stock_at_delivery  decimal(18,2)

WITH period AS (
  SELECT n AS days FROM UNNEST(sequence(1, 9999)) AS t (n) WHERE n = :days),
sold AS (
  SELECT product_id, sum(quantity) AS units
  FROM orders
  WHERE order_date > CAST(date_add('day', -:days, current_date) AS varchar) AND status IN ('PLACED', 'SHIPPED', 'DELIVERED')
  GROUP BY product_id),
pace AS (
  SELECT stock_on_hand.product_id, stock_on_hand.product_name, stock_on_hand.stock, stock_on_hand.reorder_level,
    stock_on_hand.lead_time_days, COALESCE(sold.units, 0) AS units, period.days,
    CAST(stock_on_hand.stock AS bigint) * period.days - COALESCE(sold.units, 0) * stock_on_hand.lead_time_days AS left_in_all
  FROM stock_on_hand
  LEFT JOIN sold ON sold.product_id = stock_on_hand.product_id
  LEFT JOIN period ON true)
SELECT product_id, product_name, stock, reorder_level, lead_time_days,
  CAST(CAST(units AS decimal(38,12)) / days AS decimal(18,2)) AS units_a_day,
  CAST(CAST(left_in_all AS decimal(38,12)) / days AS decimal(18,2)) AS stock_at_delivery
FROM pace
WHERE stock <= reorder_level OR left_in_all <= 0
ORDER BY stock_at_delivery, product_id
