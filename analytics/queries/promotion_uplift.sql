-- How many more units a day do the products of a promotion sell while it runs?
--
-- parameters:
--   from  2000-01-01
--   to    2099-12-31
-- columns:
--   promotion              string
--   days                   bigint
--   units                  bigint
--   units_a_day            decimal(18,2)
--   units_a_day_otherwise  decimal(18,2)
--   uplift_percent         decimal(12,2)

WITH lines AS (
  SELECT order_date, product_id, promotion, quantity
  FROM orders
  WHERE order_date BETWEEN :from AND :to AND status IN ('PLACED', 'SHIPPED', 'DELIVERED')),
calendar AS (SELECT count(DISTINCT order_date) AS days FROM lines),
days_on AS (SELECT DISTINCT promotion, order_date FROM lines WHERE promotion IS NOT NULL),
lengths AS (SELECT promotion, count(*) AS days FROM days_on GROUP BY promotion),
products AS (SELECT DISTINCT promotion, product_id FROM lines WHERE promotion IS NOT NULL),
sold AS (
  SELECT products.promotion,
    sum(CASE WHEN days_on.order_date IS NULL THEN 0 ELSE lines.quantity END) AS units_on,
    sum(CASE WHEN days_on.order_date IS NULL THEN lines.quantity ELSE 0 END) AS units_off
  FROM products
  JOIN lines ON lines.product_id = products.product_id
  LEFT JOIN days_on ON days_on.promotion = products.promotion AND days_on.order_date = lines.order_date
  GROUP BY products.promotion),
counts AS (
  SELECT sold.promotion, sold.units_on, sold.units_off, lengths.days AS days_on,
    NULLIF(calendar.days - lengths.days, 0) AS days_off
  FROM sold
  JOIN lengths ON lengths.promotion = sold.promotion
  CROSS JOIN calendar)
SELECT promotion, days_on AS days, units_on AS units,
  CAST(CAST(units_on AS decimal(38,12)) / days_on AS decimal(18,2)) AS units_a_day,
  CAST(CAST(units_off AS decimal(38,12)) / days_off AS decimal(18,2)) AS units_a_day_otherwise,
  CAST(CAST(100 * (units_on * days_off - units_off * days_on) AS decimal(38,12)) / NULLIF(units_off * days_on, 0)
    AS decimal(12,2)) AS uplift_percent
FROM counts
ORDER BY promotion
