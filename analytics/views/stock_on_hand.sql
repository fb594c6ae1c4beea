-- The latest snapshot of the stock. It looks back a week and no further, so that it reads a few objects;
-- without a snapshot for a week it is empty rather than old.
--
-- depends on:
--   InventoryLakeTable
-- columns:
--   product_id      string     product
--   product_name    string     name of the product
--   category        string     category of the product
--   stock           int        units in stock
--   reorder_level   int        at this stock or less it is time to order more
--   lead_time_days  int        days from ordering to receiving
--   updated_ts      timestamp  when the stock was last changed, UTC
--   snapshot_ts     timestamp  when the snapshot was taken, UTC
--   snapshot_date   string     UTC date of the snapshot

SELECT product_id, product_name, category, stock, reorder_level, lead_time_days, updated_ts, snapshot_ts, snapshot_date
FROM (
  SELECT *, rank() OVER (ORDER BY snapshot_date DESC) AS age
  FROM inventory
  WHERE snapshot_date >= CAST(current_date - INTERVAL '7' DAY AS varchar))
WHERE age = 1
