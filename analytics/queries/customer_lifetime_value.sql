-- What has a customer of each month's cohort brought so far?
--
-- columns:
--   cohort                 date
--   currency               string
--   customers              bigint
--   net_revenue            decimal(38,4)
--   lifetime_value         decimal(20,2)
--   invoices_per_customer  decimal(12,2)

SELECT date_trunc('month', date(first_order_ts)) AS cohort, currency, count(*) AS customers,
  sum(net_revenue) AS net_revenue,
  CAST(CAST(sum(net_revenue) AS decimal(38,12)) / count(*) AS decimal(20,2)) AS lifetime_value,
  CAST(CAST(sum(invoices) AS decimal(38,12)) / count(*) AS decimal(12,2)) AS invoices_per_customer
FROM customer_summary
GROUP BY date_trunc('month', date(first_order_ts)), currency
ORDER BY cohort, currency
