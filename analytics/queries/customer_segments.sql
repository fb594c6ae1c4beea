-- Who are the best customers, who is new, who is about to leave (recency, frequency, revenue)?
--
-- columns:
--   segment               string
--   currency              string
--   customers             bigint
--   net_revenue           decimal(38,4)
--   revenue_per_customer  decimal(20,2)

WITH scores AS (
  SELECT customer_id, currency, net_revenue,
    ntile(5) OVER (PARTITION BY currency ORDER BY last_order_ts, customer_id) AS recency,
    ntile(5) OVER (PARTITION BY currency ORDER BY invoices, customer_id) AS frequency,
    ntile(5) OVER (PARTITION BY currency ORDER BY net_revenue, customer_id) AS monetary
  FROM customer_summary),
segments AS (
  SELECT currency, net_revenue,
    CASE
      WHEN recency >= 4 AND frequency >= 4 AND monetary >= 4 THEN 'champions'
      WHEN recency >= 4 AND frequency <= 2 THEN 'new or rare'
      WHEN recency <= 2 AND (frequency >= 4 OR monetary >= 4) THEN 'at risk'
      WHEN recency <= 2 THEN 'lost'
      ELSE 'regular'
    END AS segment
  FROM scores)
SELECT segment, currency, count(*) AS customers, sum(net_revenue) AS net_revenue,
  CAST(CAST(sum(net_revenue) AS decimal(38,12)) / count(*) AS decimal(20,2)) AS revenue_per_customer
FROM segments
GROUP BY segment, currency
ORDER BY net_revenue DESC, segment, currency
