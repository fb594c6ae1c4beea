-- What will be sold in the coming days?
--
-- parameters:
--   breakdown  total
--   measure    revenue
--   from       2024-01-01
-- columns:
--   series          string
--   projected_date  string
--   mean            double
--   lo80            double
--   hi80            double
--   lo95            double
--   hi95            double
--   currency        string
--   method          string
--   run_date        string
--   explanation     string

WITH latest AS (SELECT max(run_date) AS newest FROM sales_projections)
SELECT series, projected_date, mean, lo80, hi80, lo95, hi95, currency, method, run_date, explanation
FROM sales_projections JOIN latest ON run_date = newest
WHERE breakdown = :breakdown AND measure = :measure AND horizon >= 1 AND projected_date >= :from
ORDER BY series, projected_date
