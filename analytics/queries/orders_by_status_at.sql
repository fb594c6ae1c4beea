-- Which status had the orders at a moment (UTC), whatever was known of it then?
--
-- parameters:
--   moment  2099-12-31 00:00:00
-- columns:
--   status       string
--   currency     string
--   orders       bigint
--   amount       decimal(38,4)
--   net_revenue  decimal(38,4)

-- By the time of writing, however late a change came to the lake; what the lake knew by then is `--as-of`. A removed order should
-- never have been, so it is in no answer: its REMOVE bears the time of its last version.
SELECT status, currency, count(*) AS orders, sum(amount) AS amount,
  sum(CAST(CASE WHEN status IN ('PLACED', 'SHIPPED', 'DELIVERED') THEN amount ELSE 0 END AS decimal(20,4))) AS net_revenue
FROM (
  SELECT status, currency, amount, change_type, row_number() OVER (
    PARTITION BY order_id
    ORDER BY version DESC, sequence_number DESC) AS recency
  FROM order_changes
  WHERE updated_ts <= CAST(:moment AS timestamp))
WHERE recency = 1 AND change_type <> 'REMOVE'
GROUP BY status, currency
ORDER BY orders DESC, status, currency
