-- On which days do the orders begin and end?
--
-- columns:
--   first_day  string
--   last_day   string

SELECT min(order_date) AS first_day, max(order_date) AS last_day
FROM order_changes
