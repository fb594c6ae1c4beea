-- Which categories sell, and what share of the revenue is theirs?
--
-- parameters:
--   from  2000-01-01
--   to    2099-12-31
-- columns:
--   category       string
--   currency       string
--   orders         bigint
--   units          bigint
--   net_revenue    decimal(38,4)
--   share_percent  decimal(12,2)

SELECT category, currency, sum(orders) AS orders, sum(units) AS units, sum(net_revenue) AS net_revenue,
  CAST(CAST(100 * sum(net_revenue) AS decimal(38,12)) / NULLIF(sum(sum(net_revenue)) OVER (PARTITION BY currency), 0)
    AS decimal(12,2)) AS share_percent
FROM daily_sales
WHERE order_date BETWEEN :from AND :to
GROUP BY category, currency
ORDER BY net_revenue DESC, category, currency
