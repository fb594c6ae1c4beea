-- The current state of every order. Removed orders are left out, archived ones are kept and marked.
--
-- depends on:
--   OrderStateTable
--   OrderArrivalsTable
-- columns:
--   order_id      string         unique
--   version       int            version of the order
--   status        string         PLACED, SHIPPED, DELIVERED, CANCELLED, RETURNED
--   order_ts      timestamp      when the order was placed, UTC
--   updated_ts    timestamp      when this version was written, UTC
--   invoice_id    string         lines bought together share it
--   customer_id   string         pseudonym; erased for a customer who asked to be forgotten
--   country       string         country name as the source gives it
--   channel       string         WEB, STORE, MOBILE, MARKETPLACE
--   product_id    string         product
--   product_name  string         name of the product at the time of the order
--   category      string         category of the product
--   promotion     string         code of the promotion that applied
--   quantity      int            units; negative for a credit line
--   unit_price    decimal(18,4)  price of one unit in currency
--   discount      decimal(18,4)  discount on the whole line in currency
--   amount        decimal(20,4)  quantity x unit_price - discount, whatever became of the order
--   net_revenue   decimal(20,4)  amount of a PLACED, SHIPPED or DELIVERED order, else 0
--   currency      string         ISO 4217 code
--   stock_left    int            stock of the product after this order
--   archived      boolean        true when TTL has removed the order from the table
--   change_ts     timestamp      when the table was last changed, to the second
--   processed_ts  timestamp      when the row was made, UTC
--   order_date    string         UTC date of order_ts; filter on it, and only those days are read

-- What the job has merged, and what has arrived since; a late older change loses to the state, which keeps removed orders too.
-- order_date stands in PARTITION BY so that a filter on it reaches the files; an order keeps its order_ts, so it has
-- one order_date. Iceberg's timestamps have six digits, hence the casts.
SELECT order_id, version, status, order_ts, updated_ts, invoice_id, customer_id, country, channel,
  product_id, product_name, category, promotion, quantity, unit_price, discount, amount,
  CAST(CASE WHEN status IN ('PLACED', 'SHIPPED', 'DELIVERED') THEN amount ELSE 0 END AS decimal(20,4)) AS net_revenue,
  currency, stock_left, change_type = 'EXPIRE' AS archived, change_ts, processed_ts, order_date
FROM (
  SELECT *, row_number() OVER (
    PARTITION BY order_date, order_id
    ORDER BY version DESC, sequence_number DESC, processed_ts DESC) AS recency
  FROM (
    SELECT order_id, version, status, CAST(order_ts AS timestamp(3)) AS order_ts,
      CAST(updated_ts AS timestamp(3)) AS updated_ts, invoice_id, customer_id, country, channel, product_id,
      product_name, category, promotion, quantity, unit_price, discount, amount, currency, stock_left, change_type,
      CAST(change_ts AS timestamp(3)) AS change_ts, sequence_number,
      CAST(processed_ts AS timestamp(3)) AS processed_ts, order_date
    FROM order_state
    UNION ALL
    SELECT order_id, version, status, CAST(order_ts AS timestamp(3)) AS order_ts,
      CAST(updated_ts AS timestamp(3)) AS updated_ts, invoice_id, customer_id, country, channel, product_id,
      product_name, category, promotion, quantity, unit_price, discount, amount, currency, stock_left, change_type,
      CAST(change_ts AS timestamp(3)) AS change_ts, sequence_number,
      CAST(processed_ts AS timestamp(3)) AS processed_ts, order_date
    FROM order_arrivals))
WHERE recency = 1 AND change_type <> 'REMOVE'
