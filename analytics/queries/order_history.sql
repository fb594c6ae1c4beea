-- What happened to one order, change by change?
--
-- parameters:
--   order_id  none
-- columns:
--   version          int
--   change_type      string
--   previous_status  string
--   status           string
--   updated_ts       timestamp
--   amount           decimal(20,4)
--   currency         string
--   stock_left       int

SELECT DISTINCT version, change_type, previous_status, status, updated_ts, amount, currency, stock_left
FROM order_changes
WHERE order_id = :order_id
ORDER BY version, updated_ts
