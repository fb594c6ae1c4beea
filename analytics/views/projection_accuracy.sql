-- Every past projection against what happened. A day without sales had 0; the rest of the products is
-- left out.
--
-- depends on:
--   OrdersView
--   ProjectionsTable
-- columns:
--   breakdown       string   total, category, country, channel or product
--   series          string   total, or the name of the category, country, channel or product
--   measure         string   revenue or units
--   currency        string   ISO 4217 code; orders in other currencies are not in the series
--   projected_date  string   UTC date that was projected, yyyy-MM-dd
--   horizon         int      days ahead: 1 is the run date itself, 0 the same day's close projected during the day
--   actual          double   what was sold
--   mean            double   what was projected
--   error           double   mean - actual
--   absolute_error  double   absolute value of the error
--   naive_error     double   absolute error of the seasonal naive projection
--   inside80        boolean  whether the 80 % interval held
--   inside95        boolean  whether the 95 % interval held
--   method          string   how the projection was made
--   run_date        string   UTC date of the run that projected it; filter on it, and only those runs are read

WITH sold AS (
  SELECT order_date, currency, coalesce(category, '(none)') AS category, country, channel, product_id AS product,
    net_revenue, CASE WHEN status IN ('PLACED', 'SHIPPED', 'DELIVERED') THEN quantity ELSE 0 END AS units
  FROM orders),
actuals AS (
  SELECT order_date, currency, category, country, channel, product,
    CAST(sum(net_revenue) AS double) AS revenue, CAST(sum(units) AS double) AS units
  FROM sold
  GROUP BY GROUPING SETS ((order_date, currency), (order_date, currency, category),
    (order_date, currency, country), (order_date, currency, channel), (order_date, currency, product))),
measured AS (
  SELECT p.*, CASE p.measure WHEN 'revenue' THEN coalesce(a.revenue, 0) ELSE coalesce(a.units, 0) END AS actual
  FROM sales_projections p LEFT JOIN actuals a
    ON a.order_date = p.projected_date AND a.currency = p.currency
    AND coalesce(a.category, '') = CASE p.breakdown WHEN 'category' THEN p.series ELSE '' END
    AND coalesce(a.country, '') = CASE p.breakdown WHEN 'country' THEN p.series ELSE '' END
    AND coalesce(a.channel, '') = CASE p.breakdown WHEN 'channel' THEN p.series ELSE '' END
    AND coalesce(a.product, '') = CASE p.breakdown WHEN 'product' THEN p.series ELSE '' END
  WHERE p.projected_date < CAST(current_date AS varchar) AND p.series <> '(other)')
SELECT breakdown, series, measure, currency, projected_date, horizon, actual, mean, mean - actual AS error,
  abs(mean - actual) AS absolute_error, abs(seasonal_naive - actual) AS naive_error,
  actual BETWEEN lo80 AND hi80 AS inside80, actual BETWEEN lo95 AND hi95 AS inside95, method, run_date
FROM measured
