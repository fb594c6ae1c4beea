-- Which products will run out in the projected days, and when at the earliest and at the latest?
--
-- Of the products that are projected, the best sellers. Selling at the upper 80 % bound every day gives
-- the early date, at the lower bound the late one.
--
-- parameters:
--   from  today-7
-- columns:
--   product_id    string
--   product_name  string
--   stock         int
--   early         string
--   expected      string
--   late          string

WITH recent AS (SELECT * FROM sales_projections
  WHERE run_date >= :from AND breakdown = 'product' AND measure = 'units' AND horizon >= 1),
demand AS (
  SELECT series, projected_date,
    sum(mean) OVER (PARTITION BY series ORDER BY projected_date) AS expected_units,
    sum(hi80) OVER (PARTITION BY series ORDER BY projected_date) AS most_units,
    sum(lo80) OVER (PARTITION BY series ORDER BY projected_date) AS least_units
  FROM recent
  WHERE run_date = (SELECT max(run_date) FROM recent))
SELECT product_id, product_name, stock,
  min(CASE WHEN most_units >= stock THEN projected_date END) AS early,
  min(CASE WHEN expected_units >= stock THEN projected_date END) AS expected,
  min(CASE WHEN least_units >= stock THEN projected_date END) AS late
FROM stock_on_hand JOIN demand ON series = product_id
GROUP BY product_id, product_name, stock
HAVING max(most_units) >= stock
ORDER BY early, product_id
