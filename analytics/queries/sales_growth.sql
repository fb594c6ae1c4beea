-- How do the last days compare with as many days before them?
--
-- parameters:
--   days  28
--   to    today
-- columns:
--   currency              string
--   net_revenue           decimal(38,4)
--   previous_net_revenue  decimal(38,4)
--   growth_percent        decimal(12,2)

WITH lines AS (
  SELECT true AS recent, currency, net_revenue
  FROM daily_sales
  WHERE order_date > CAST(date_add('day', -:days, date(:to)) AS varchar) AND order_date <= :to
  UNION ALL
  SELECT false, currency, net_revenue
  FROM daily_sales
  WHERE order_date > CAST(date_add('day', -2 * :days, date(:to)) AS varchar)
    AND order_date <= CAST(date_add('day', -:days, date(:to)) AS varchar)),
periods AS (
  SELECT currency, sum(CASE WHEN recent THEN net_revenue ELSE 0 END) AS net_revenue,
    sum(CASE WHEN recent THEN 0 ELSE net_revenue END) AS previous_net_revenue
  FROM lines
  GROUP BY currency)
SELECT currency, net_revenue, previous_net_revenue,
  CAST(CAST(100 * (net_revenue - previous_net_revenue) AS decimal(38,12)) / NULLIF(previous_net_revenue, 0)
    AS decimal(12,2)) AS growth_percent
FROM periods
ORDER BY currency
