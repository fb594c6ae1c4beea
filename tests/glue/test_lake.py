"""jobs/lake.py on Spark, over a folder instead of a bucket and a catalog of files instead of Glue's."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from on_files import Folder, create_tables, session

import lake

EXAMPLES = int(os.environ.get("SALESCAST_EXAMPLES", "3"))
# One column of each type, and those that decide.
COLUMNS = [
    *(("change_id", "string"), ("change_type", "string"), ("version", "int"), ("sequence_number", "string")),
    *(("order_id", "string"), ("order_ts", "timestamp"), ("amount", "decimal(20,4)")),
    ("customer_id", "string"),
    *(("processed_ts", "timestamp"), ("order_date", "string")),
]
ARROW: dict[str, Any] = {"string": pa.string(), "int": pa.int32(), "timestamp": pa.timestamp("us")}
SCHEMA: Any = pa.schema([(name, ARROW.get(kind, pa.decimal128(20, 4))) for name, kind in COLUMNS])
Row = dict[str, Any]


def row(
    order: str, version: int, kind: str = "MODIFY", processed: int = 0, customer: str | None = "c1"
) -> Row:
    days = ord(order) - ord("a")
    placed = datetime.fromisoformat("2026-09-28") + timedelta(days=days, milliseconds=123)
    return {
        "change_id": f"{order} {kind} {version}",
        "change_type": kind,
        "version": version,
        "sequence_number": f"{version:040d}",
        "order_id": order,
        "order_ts": placed,
        "amount": Decimal("12.3456") + processed,
        "customer_id": customer,
        "processed_ts": datetime.fromisoformat("2026-11-01") + timedelta(seconds=processed),
        "order_date": f"{placed:%Y-%m-%d}",
    }


@dataclass
class Lake:
    """A database of its own, its folder, and all rows that were ever delivered."""

    spark: Any
    store: Folder
    database: str
    delivered: list[Row] = field(default_factory=list)

    def deliver(self, *rows: Row, former: str = "") -> None:
        folder = (
            f"{lake.FORMER}order_date={former}/" if former else f"{lake.ARRIVALS}arrival_date=2026-11-25/"
        )
        path = self.store.root / folder / f"{uuid.uuid4()}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        table = pa.Table.from_pylist(list(rows), schema=SCHEMA)
        pq.write_table(table.drop_columns(["order_date"]) if former else table, path)
        self.delivered += rows

    def job(self, grace: float = 0.0, erase: str = "") -> lake.Job:
        store: Any = self.store
        return lake.Job(self.spark, store, self.database, COLUMNS, 7, grace, erase)

    def table(self, name: str) -> list[Row]:
        rows = self.spark.table(f"lake.{self.database}.{name}").collect()
        return [found.asDict() for found in rows]

    def arrivals(self) -> list[Row]:
        files = [*self.store.keys(lake.ARRIVALS)]
        return [
            found
            for key in files
            for found in pq.read_table(self.store.url(key), partitioning=None).to_pylist()
        ]

    def snapshots(self) -> list[int | None]:
        job = self.job()
        return [job._snapshot(table) for table in (lake.LOG, lake.STATE)]

    def check(self) -> None:
        """The views, as analytics/views/ has them, are a straight reading of all rows."""
        arrivals = self.arrivals()
        log, state = [*self.table(lake.LOG), *arrivals], [*self.table(lake.STATE), *arrivals]
        assert newest(log, change) == newest(self.delivered, change)
        assert current(state) == current(self.delivered)


def change(row: Row) -> tuple[str, Any]:
    return row["change_id"], row["processed_ts"]


def version(row: Row) -> tuple[str, Any]:
    return row["order_id"], (row["version"], row["sequence_number"], row["processed_ts"])


def newest(rows: list[Row], by: Callable[[Row], tuple[str, Any]]) -> dict[str, Row]:
    kept: dict[str, Row] = {}
    for found in sorted(rows, key=lambda found: by(found)[1]):
        kept[by(found)[0]] = found
    return kept


def current(rows: list[Row]) -> dict[str, Row]:
    return {key: found for key, found in newest(rows, version).items() if found["change_type"] != "REMOVE"}


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with session(tmp_path_factory.mktemp("spark")) as made:
        yield made


def make(spark: Any) -> Lake:
    """A bucket that holds the tables of a database of its own."""
    database = f"d{uuid.uuid4().hex[:8]}"
    create_tables(spark, database, COLUMNS)
    return Lake(spark, Folder(spark.home / database), database)


@pytest.fixture
def shop(spark: Any) -> Lake:
    return make(spark)


def test_what_arrived_is_merged_and_deleted_a_run_later(shop: Lake) -> None:
    shop.deliver(row("a", 1, "INSERT"), row("b", 1, "INSERT"), row("a", 1, "INSERT", 5))
    shop.deliver(row("c", 1, "INSERT"), former="2026-09-30")
    shop.job(grace=3600).run()
    assert len(shop.table(lake.LOG)) == len(shop.table(lake.STATE)) == 3
    assert len(shop.store.keys("curated/")) == 2, "a query may still be reading them"
    assert newest(shop.table(lake.LOG), change) == newest(shop.delivered, change)
    snapshots = shop.snapshots()
    shop.job().run()
    assert shop.store.keys("curated/") | shop.store.keys(lake.RECEIPTS) == {}, "and the receipt after them"
    assert shop.snapshots() == snapshots, "a run without arrivals changes nothing"
    shop.deliver(row("a", 2), row("a", 1, "INSERT", 5))
    shop.job().run()
    shop.check()


def test_an_older_change_after_a_removal_stays_out(shop: Lake) -> None:
    shop.deliver(row("a", 1, "INSERT"), row("a", 3, "REMOVE"))
    shop.job().run()
    shop.deliver(row("a", 2))
    shop.check()
    shop.job().run()
    shop.job().run()
    shop.check()
    assert [found["change_type"] for found in shop.table(lake.STATE)] == ["REMOVE"]
    assert len(shop.table(lake.LOG)) == 3


def test_tables_of_another_schema_are_refused_and_left_alone(shop: Lake) -> None:
    shop.deliver(row("a", 1, "INSERT"))
    shop.spark.sql(f"ALTER TABLE lake.{shop.database}.order_state ADD COLUMNS (colour string)")
    with pytest.raises(
        lake.SchemaError, match="column colour is not in order_arrivals and string in order_state"
    ):
        shop.job().run()
    assert (shop.snapshots(), len(shop.store.keys("curated/"))) == ([None, None], 1)


def test_a_receipt_counts_only_while_its_snapshots_do(shop: Lake) -> None:
    shop.deliver(row("a", 1, "INSERT"))
    shop.job().run()
    shop.job().run()
    log, _ = shop.snapshots()
    shop.deliver(row("b", 1, "INSERT"))
    shop.job().run()
    shop.spark.sql(f"CALL lake.system.rollback_to_snapshot('{shop.database}.order_log', {log})")
    shop.job().run()
    shop.check()
    assert len(shop.table(lake.LOG)) == 2


def test_an_erased_customer_is_nowhere(shop: Lake) -> None:
    """Neither in tables nor in snapshots, bounds, arrivals, nor in files that a killed run left."""
    customer = "customer-4711"
    shop.deliver(row("a", 1, "INSERT", customer=customer), row("b", 1, "INSERT"))
    shop.job(grace=3600).run()
    shop.deliver(row("a", 2, customer=customer), row("c", 1, "INSERT", customer=None))
    orphan = next(key for key in shop.store.keys(f"{lake.LOG}/data/") if key.endswith(".parquet"))
    shutil.copy(shop.store.url(orphan), shop.store.url(orphan.replace(".parquet", "-orphan.parquet")))
    assert len(held(shop, customer)) > 3
    shop.job(grace=3600, erase=hashlib.sha256(customer.encode()).hexdigest()).run()
    assert held(shop, customer) == []
    customers = {found["order_id"]: found["customer_id"] for found in shop.table(lake.STATE)}
    assert customers == {"a": "erased", "b": "c1", "c": None}
    assert len(shop.table(lake.LOG)) == 4
    shop.deliver(row("d", 1, "INSERT"))
    shop.job().run()
    assert len(shop.table(lake.LOG)) == 5, "the tables go on"


def held(shop: Lake, text: str) -> list[str]:
    """The files of the bucket that hold the text, decoded: Parquet, Avro (deflated blocks) and JSON."""
    found = []
    for key in shop.store.keys(""):
        content = Path(shop.store.url(key)).read_bytes()
        if key.endswith(".parquet"):
            content = repr(pq.read_table(io.BytesIO(content)).to_pylist()).encode()
        if key.endswith(".avro"):
            content = repr(list(fastavro.reader(io.BytesIO(content)))).encode()
        if text.encode() in content:
            found.append(key)
    return found


ROWS = st.builds(
    row,
    st.sampled_from(["a", "b", "z"]),
    st.integers(1, 3),
    st.sampled_from(["INSERT", "MODIFY", "REMOVE", "EXPIRE"]),
    st.integers(0, 2),
)
# Deliveries, and after each the step after which its run of the job is killed (none: no run, 9: it ends).
HISTORIES = st.lists(
    st.tuples(st.lists(ROWS, min_size=1, max_size=4), st.none() | st.integers(0, 9)), min_size=1, max_size=4
)


@given(HISTORIES)
@settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_any_history_reads_like_all_rows_at_once(spark: Any, history: list[Any]) -> None:
    """Any interleaving, repetition and reordering, any splitting into runs, killed after any step."""
    shop = make(spark)
    for rows, last in history:
        shop.deliver(*rows)
        if last is not None:
            for number, step in enumerate(shop.job().steps()):
                step()
                if number == last:
                    break
        shop.check()
