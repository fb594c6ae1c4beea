"""Attributes that the contract does not know are told, and a column can be added under old objects."""

from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from salescast.integrity import health
from salescast.stack.services import athena, log_metrics
from salescast.stack.stack import Stack
from tests.lake import arrow_schema
from tests.waiting import wait_for

DATE = "2024-05-06"


def test_status_names_attributes_outside_the_contract(stack: Stack, prefix: str) -> None:
    name = f"colour_{prefix[:-1]}"
    moment = {"S": f"{DATE}T10:00:00.000Z"}
    stack.dynamodb.put_item(
        TableName=stack.output("OrdersTable"),
        Item={
            "order_id": {"S": f"{prefix}0"},
            "version": {"N": "1"},
            "order_ts": moment,
            "updated_ts": moment,
            "status": {"S": "PLACED"},
            "country": {"S": "France"},
            "channel": {"S": "WEB"},
            "product_id": {"S": "P"},
            "quantity": {"N": "1"},
            "unit_price": {"N": "1"},
            "currency": {"S": "GBP"},
            name: {"S": "red"},
        },
    )
    wait_for(lambda: log_metrics.unknown_attributes(stack)[name] == 1, f"one {name}")
    (stage,) = (stage for stage in health.stages(stack) if stage.name == "source schema")
    assert stage.health == health.WARNING
    assert "outside the contract" in stage.detail


def test_a_column_is_added_under_old_objects(stack: Stack, prefix: str) -> None:
    def put(order: int, extra: dict[str, Any]) -> None:
        row = dict.fromkeys(arrow_schema().names) | {
            "change_id": f"{prefix}{order}",
            "order_id": f"{prefix}{order}",
            "version": 1,
            "sequence_number": "1".zfill(40),
            "change_type": "INSERT",
            "order_date": DATE,
        }
        table = pa.Table.from_pylist([row], schema=arrow_schema())
        for name, value in extra.items():
            table = table.append_column(name, pa.array([value], pa.string()))
        file = BytesIO()
        pq.write_table(table, file)
        stack.s3.put_object(Bucket=lake, Key=key(order), Body=file.getvalue())

    def key(order: int) -> str:
        return f"curated/order_arrivals/arrival_date={DATE}/{prefix}{order}.parquet"

    lake = stack.output("Lake")

    put(0, {})
    put(1, {"colour": "red"})
    where = f"WHERE order_date = '{DATE}' AND order_id LIKE '{prefix}%' ORDER BY order_id"
    before = _columns(stack, [{"Name": "colour", "Type": "string"}])
    try:
        found = athena.run(stack, f"SELECT order_id, colour FROM order_arrivals {where}").rows
        assert found == [[f"{prefix}0", None], [f"{prefix}1", "red"]]
        assert len(athena.run(stack, f"SELECT * FROM orders {where}").rows) == 2
    finally:
        _columns(stack, before, replace=True)
        for order in (0, 1):
            stack.s3.delete_object(Bucket=lake, Key=key(order))


def _columns(stack: Stack, columns: list[Any], replace: bool = False) -> list[Any]:
    """Add columns to the end of order_arrivals, or replace them all; gives those that were there."""
    database = stack.output("Database")
    table: dict[str, Any] = dict(stack.glue.get_table(DatabaseName=database, Name="order_arrivals")["Table"])
    kept = ("Name", "Description", "TableType", "PartitionKeys", "Parameters", "StorageDescriptor")
    before: list[Any] = table["StorageDescriptor"]["Columns"]
    table["StorageDescriptor"]["Columns"] = columns if replace else [*before, *columns]
    changed: Any = {name: table[name] for name in kept}
    stack.glue.update_table(DatabaseName=database, TableInput=changed)
    return before
