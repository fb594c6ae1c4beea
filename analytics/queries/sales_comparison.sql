-- How do the days, countries, channels and categories of a period sell, and how did they in one before?
--
-- parameters:
--   from      today-27
--   before    today-55
--   to        today
--   country   all
--   channel   all
--   category  all
-- columns:
--   period       string
--   breakdown    string
--   name         string
--   currency     string
--   orders       bigint
--   cancelled    bigint
--   returned     bigint
--   units        bigint
--   net_revenue  decimal(38,4)

WITH periods AS (
  SELECT 'period' AS period, *
  FROM daily_sales
  WHERE order_date BETWEEN :from AND :to AND :country IN ('all', country) AND :channel IN ('all', channel) AND :category IN ('all', category)
  UNION ALL
  SELECT 'before', *
  FROM daily_sales
  WHERE order_date >= :before AND order_date < :from AND :country IN ('all', country) AND :channel IN ('all', channel)
    AND :category IN ('all', category))
SELECT period,
  CASE WHEN grouping(order_date) = 0 THEN 'day' WHEN grouping(country) = 0 THEN 'country'
    WHEN grouping(channel) = 0 THEN 'channel' ELSE 'category' END AS breakdown,
  COALESCE(order_date, country, channel, category) AS name, currency,
  sum(orders) AS orders, sum(cancelled) AS cancelled, sum(returned) AS returned, sum(units) AS units,
  sum(net_revenue) AS net_revenue
FROM periods
GROUP BY GROUPING SETS (
  (period, currency, order_date), (period, currency, country), (period, currency, channel), (period, currency, category))
ORDER BY breakdown, period, name NULLS LAST, currency
