-- The log. Every change of every order once: what the job has merged into order_log and what has arrived since.
--
-- The job is never needed for a right answer. A change that was delivered twice has two rows; the one made later counts.
--
-- depends on:
--   OrderLogTable
--   OrderArrivalsTable
-- resource:
--   OrderChangesTable
-- columns:
--   change_id        string         eventID of the stream record; the same for every delivery of a change
--   change_type      string         INSERT, MODIFY, REMOVE, or EXPIRE for a deletion by TTL
--   change_ts        timestamp      when the table was changed, to the second (ApproximateCreationDateTime)
--   sequence_number  string         sequence number in the table's stream, zero-padded to 40 digits so that it sorts
--   version          int            version of the order: 1 at insert, +1 with every write
--   order_id         string         unique; lives once
--   order_ts         timestamp      when the order was placed, UTC; fixed
--   updated_ts       timestamp      when this version was written, UTC
--   status           string         PLACED, SHIPPED, DELIVERED, CANCELLED, RETURNED
--   previous_status  string         status before this change; null for an INSERT, and where the order had none
--   invoice_id       string         lines bought together share it; order_id where the order names none
--   customer_id      string         pseudonym; erased for a customer who asked to be forgotten
--   country          string         country name as the source gives it
--   channel          string         WEB, STORE, MOBILE, MARKETPLACE
--   product_id       string         product
--   product_name     string         name of the product at the time of the order
--   category         string         category of the product
--   promotion        string         code of the promotion that applied
--   quantity         int            units, not 0; negative for a credit line
--   unit_price       decimal(18,4)  price of one unit in currency; 0 or negative for adjustments
--   discount         decimal(18,4)  discount on the whole line in currency; 0 where the order names none
--   amount           decimal(20,4)  quantity x unit_price - discount, exactly
--   currency         string         ISO 4217 code
--   stock_left       int            stock of the product after this order
--   processed_ts     timestamp      when the transformer made this row, UTC
--   order_date       string         UTC date of order_ts, yyyy-MM-dd

-- order_date stands in PARTITION BY so that a filter on it reaches the files; a change has one order_date. Iceberg's timestamps
-- have six digits, hence the casts.
SELECT change_id, change_type, change_ts, sequence_number, version, order_id, order_ts, updated_ts, status,
  previous_status, invoice_id, customer_id, country, channel, product_id, product_name, category, promotion,
  quantity, unit_price, discount, amount, currency, stock_left, processed_ts, order_date
FROM (
  SELECT *, row_number() OVER (PARTITION BY order_date, change_id ORDER BY processed_ts DESC) AS recency
  FROM (
    SELECT change_id, change_type, CAST(change_ts AS timestamp(3)) AS change_ts, sequence_number, version, order_id,
      CAST(order_ts AS timestamp(3)) AS order_ts, CAST(updated_ts AS timestamp(3)) AS updated_ts, status,
      previous_status, invoice_id, customer_id, country, channel, product_id, product_name, category, promotion,
      quantity, unit_price, discount, amount, currency, stock_left,
      CAST(processed_ts AS timestamp(3)) AS processed_ts, order_date
    FROM order_log
    UNION ALL
    SELECT change_id, change_type, CAST(change_ts AS timestamp(3)) AS change_ts, sequence_number, version, order_id,
      CAST(order_ts AS timestamp(3)) AS order_ts, CAST(updated_ts AS timestamp(3)) AS updated_ts, status,
      previous_status, invoice_id, customer_id, country, channel, product_id, product_name, category, promotion,
      quantity, unit_price, discount, amount, currency, stock_left,
      CAST(processed_ts AS timestamp(3)) AS processed_ts, order_date
    FROM order_arrivals))
WHERE recency = 1
