-- How wrong were the projections, by days ahead?
--
-- resource:
--   ProjectionAccuracyQuery
-- parameters:
--   breakdown  total
--   measure    revenue
--   from       2024-01-01
-- columns:
--   horizon     int
--   days        bigint
--   wape        double
--   bias        double
--   naive_wape  double
--   coverage80  double
--   coverage95  double
--   actual      double

SELECT horizon, count(*) AS days, sum(absolute_error) / nullif(sum(abs(actual)), 0) AS wape,
  sum(error) / nullif(sum(abs(actual)), 0) AS bias, sum(naive_error) / nullif(sum(abs(actual)), 0) AS naive_wape,
  avg(CASE WHEN inside80 THEN 1.0E0 ELSE 0.0E0 END) AS coverage80,
  avg(CASE WHEN inside95 THEN 1.0E0 ELSE 0.0E0 END) AS coverage95, sum(abs(actual)) AS actual
FROM projection_accuracy
WHERE breakdown = :breakdown AND measure = :measure AND run_date >= :from
GROUP BY horizon
ORDER BY horizon
