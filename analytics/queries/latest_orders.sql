-- Which orders came last?
--
-- parameters:
--   from  today-1
--   to    today
-- columns:
--   order_id      string
--   order_ts      timestamp
--   country       string
--   channel       string
--   product_name  string
--   quantity      int
--   amount        decimal(20,4)
--   currency      string
--   status        string
--   processed_ts  timestamp

SELECT order_id, order_ts, country, channel, product_name, quantity, amount, currency, status, processed_ts
FROM orders
WHERE order_date BETWEEN :from AND :to
ORDER BY order_ts DESC, order_id
LIMIT 20
