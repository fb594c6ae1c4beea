-- What is in stock of each product, how fast does it sell, how long does a delivery take, and what does a unit sell for?
--
-- Units are those sold in the last days, today included. The price is that of the product's newest order in them.
--
-- parameters:
--   days  28
-- columns:
--   product_id      string
--   product_name    string
--   category        string
--   stock           int
--   reorder_level   int
--   lead_time_days  int
--   units_sold      bigint
--   unit_price      decimal(18,4)
--   currency        string

WITH sold AS (
  SELECT product_id, sum(CASE WHEN status IN ('PLACED', 'SHIPPED', 'DELIVERED') THEN quantity ELSE 0 END) AS units,
    max_by(unit_price, order_ts) AS unit_price, max_by(currency, order_ts) AS currency
  FROM orders
  WHERE order_date > CAST(date_add('day', -:days, current_date) AS varchar)
  GROUP BY product_id)
SELECT stock_on_hand.product_id, stock_on_hand.product_name, stock_on_hand.category, stock_on_hand.stock,
  stock_on_hand.reorder_level, stock_on_hand.lead_time_days, COALESCE(sold.units, 0) AS units_sold,
  sold.unit_price, sold.currency
FROM stock_on_hand
LEFT JOIN sold ON sold.product_id = stock_on_hand.product_id
ORDER BY stock_on_hand.product_id
