"""The projector on a laptop stack: as a Lambda under its own role, from the lake and into it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from salescast.functions import project, snapshot
from salescast.stack.errors import SalescastError
from salescast.stack.services import athena
from salescast.stack.stack import Stack
from tests.template import columns
from tests.waiting import wait_for

# Other tests of the run write orders of their own; these dates are this module's.
FIRST = datetime(2012, 1, 1, tzinfo=UTC)
DAYS = 70
RUN_DATE = (FIRST + timedelta(days=DAYS)).date()
TYPES: dict[str, pa.DataType] = {"string": pa.string(), "int": pa.int32(), "timestamp": pa.timestamp("ms")}
COUNTRIES = ("Norway", "Chad")


def change(day: int, number: int) -> dict[str, Any]:
    """A row of order_arrivals: an order of that day. Norway buys the most, Saturday doubles."""
    at = (FIRST + timedelta(days=day, hours=9 + number)).replace(tzinfo=None)
    quantity = (number + 1) * (2 if at.weekday() == 5 else 1)
    return {
        "change_id": f"projector-{day}-{number}",
        "change_type": "INSERT",
        "sequence_number": f"{day * 10 + number:040}",
        "version": 1,
        "order_id": f"projector-{day}-{number}",
        "order_ts": at,
        "updated_ts": at,
        "status": "CANCELLED" if number == 3 else "PLACED",
        "country": COUNTRIES[number == 0],
        "channel": "WEB",
        "product_id": f"projector-{number}",
        "quantity": quantity,
        "unit_price": 10,
        "amount": quantity * 10,
        "currency": "GBP",
        "processed_ts": at,
        "order_date": str(at.date()),
    }


@pytest.fixture(scope="module")
def lake(stack: Stack) -> Iterator[str]:
    """The lake with orders of 70 days, and of the run date itself, written as Firehose would have."""
    bucket, written = stack.output("Lake"), []
    fields = columns("order_arrivals")
    types = [TYPES.get(kind) or pa.decimal128(*map(int, kind[8:-1].split(","))) for kind in fields.values()]
    schema = pa.schema(list(zip(fields, types, strict=True)))
    for day in range(DAYS + 1):
        rows = [change(day, number) for number in range(4)]
        data = {name: [row.get(name) for row in rows] for name in fields}
        arrays = []
        for name, kind in zip(fields, types, strict=True):
            plain = pa.array(data[name], pa.int64() if pa.types.is_decimal(kind) else kind)
            arrays.append(plain.cast(pa.decimal128(38, 4)).cast(kind) if pa.types.is_decimal(kind) else plain)
        file = io.BytesIO()
        pq.write_table(pa.Table.from_arrays(arrays, schema=schema), file)
        date = (FIRST + timedelta(days=day)).date()
        key = f"curated/order_arrivals/arrival_date={date}/projector.parquet"
        stack.s3.put_object(Bucket=bucket, Key=key, Body=file.getvalue())
        written.append(key)
    yield bucket
    for key in written:
        stack.s3.delete_object(Bucket=bucket, Key=key)


def projection_key(date: Any = RUN_DATE) -> str:
    return f"curated/sales_projections/run_date={date}/projection.parquet"


def ask(stack: Stack, query: str) -> list[list[Any]]:
    return athena.run(stack, query).rows


def test_it_publishes_what_it_answers_under_its_own_role(stack: Stack, lake: str) -> None:
    event = {"date": str(RUN_DATE), "series": ["total", "country:Norway"]}
    answer = project.run(stack, event)
    assert answer["key"] == projection_key()
    total, norway = project.series(answer, "revenue")
    assert (total.series, norway.series) == ("total", "country:Norway")
    assert total.start == RUN_DATE
    assert len(total.history) == DAYS
    assert max(total.history) == 120  # the cancelled order is no revenue
    rows = ask(
        stack,
        f"SELECT measure, horizon, projected_date, mean FROM sales_projections WHERE run_date = '{RUN_DATE}' "
        "AND breakdown = 'total' ORDER BY measure, horizon",
    )
    assert [row[:2] for row in rows] == [
        [measure, horizon] for measure in ("revenue", "units") for horizon in range(1, 29)
    ]
    assert [row[3] for row in rows[:28]] == total.bounds["mean"]
    assert rows[0][2] == str(RUN_DATE)
    saturdays = [row[3] for row in rows[:28] if datetime.fromisoformat(str(row[2])).weekday() == 5]
    assert saturdays == pytest.approx([120] * 4, rel=0.1)


def test_the_parts_add_up_in_the_lake(stack: Stack, lake: str) -> None:
    project.run(stack, {"date": str(RUN_DATE)})
    rows = ask(
        stack,
        "SELECT breakdown, measure, sum(mean), min(lo95) FROM sales_projections "
        f"WHERE run_date = '{RUN_DATE}' GROUP BY breakdown, measure",
    )
    sums = {(row[0], row[1]): row[2] for row in rows}
    assert len(sums) == 10
    for (_, measure), value in sums.items():
        assert value == pytest.approx(sums["total", measure])
    assert all(row[3] >= 0 for row in rows)


def test_a_repeated_run_leaves_one_projection(stack: Stack, lake: str) -> None:
    for _ in range(2):
        answer = project.run(stack, {"date": str(RUN_DATE)})
    prefix = projection_key().rpartition("/")[0]
    found = stack.s3.list_objects_v2(Bucket=lake, Prefix=prefix)["Contents"]
    assert [one["Key"] for one in found] == [answer["key"]]


def test_past_projections_are_measured(stack: Stack, lake: str) -> None:
    earlier = RUN_DATE - timedelta(days=14)
    project.run(stack, {"date": str(earlier), "horizon": 7})
    project.run(stack, {"date": str(RUN_DATE)})
    rows = ask(
        stack,
        "SELECT horizon, actual, mean, error, absolute_error, inside95, naive_error FROM projection_accuracy "
        f"WHERE run_date = '{earlier}' AND breakdown = 'total' AND measure = 'revenue' ORDER BY horizon",
    )
    assert [row[0] for row in rows] == list(range(1, 8))
    for _, actual, mean, error, missed, _, naive in rows:
        assert actual in (60, 120)
        assert error == pytest.approx(mean - actual)
        assert missed == pytest.approx(abs(error))
        assert naive == 0
    answer = project.run(stack, {"date": str(RUN_DATE), "publish": False})
    assert answer["key"] is None
    assert answer["accuracy"]["Wape"] < 10
    accuracy = athena.query(stack, "accuracy_by_horizon", {"from": str(earlier)})
    assert accuracy.rows[0][0] == 1
    latest = athena.query(stack, "latest_projection", {"from": str(RUN_DATE)})
    assert len(latest.rows) == 28


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"date": "2011-06-01"}, "there are no orders before 2011-06-01 to project from"),
        ({"date": str(RUN_DATE), "series": ["country:Atlantis"]}, "there is no 'country:Atlantis'"),
        ({"horizon": 91}, "horizon: must be a whole number of days, 1 to 90"),
    ],
)
def test_no_projection_is_one_clear_line(stack: Stack, lake: str, event: dict[str, Any], reason: str) -> None:
    with pytest.raises(SalescastError) as raised:
        project.run(stack, event)
    assert reason in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_failure_midway_leaves_the_previous_projection_and_tells_the_alarm(stack: Stack, lake: str) -> None:
    """The history can be read, the projections' own file cannot: the second query fails."""
    project.run(stack, {"date": str(RUN_DATE)})
    before = stack.s3.get_object(Bucket=lake, Key=projection_key())["Body"].read()
    # In the 28 days that are looked back over.
    broken = projection_key(RUN_DATE - timedelta(days=3))
    stack.s3.put_object(Bucket=lake, Key=broken, Body=b"no Parquet")
    try:
        response = stack.functions.invoke(
            FunctionName=stack.output("ProjectorFunction"),
            Payload=json.dumps({"date": str(RUN_DATE)}).encode(),
            LogType="Tail",
        )
        assert response.get("FunctionError")
        assert "Athena's query failed" in json.loads(response["Payload"].read())["errorMessage"]
    finally:
        stack.s3.delete_object(Bucket=lake, Key=broken)
    assert stack.s3.get_object(Bucket=lake, Key=projection_key())["Body"].read() == before
    # A log line may come a moment after the answer.
    wait_for(lambda: emitted(stack, "ProjectionsFailed") == 1, "the metric of the failure")
    project.run(stack, {"date": str(RUN_DATE)})
    wait_for(lambda: emitted(stack, "ProjectionsFailed") == 0, "the metric of the success")


def emitted(stack: Stack, name: str) -> float:
    """The metric's last value in the function's log, as CloudWatch would read it."""
    logs = stack.session.client("logs", endpoint_url=stack.endpoint, config=stack.config)
    events = logs.filter_log_events(logGroupName=f"/aws/lambda/{stack.name}-projector")["events"]
    lines = [json.loads(one["message"]) for one in events if '"CloudWatchMetrics"' in one["message"]]
    found = [line[name] for line in lines if name in line]
    return float(found[-1][0])


def test_stock_runs_out_when_the_projected_units_reach_it(stack: Stack, lake: str) -> None:
    product, stock = "projector-2", 40
    item = {
        "product_id": {"S": product},
        "product_name": {"S": "Projected"},
        "category": {"S": "Tests"},
        "stock": {"N": str(stock)},
        "reorder_level": {"N": "5"},
        "lead_time_days": {"N": "7"},
        "updated_ts": {"S": "2012-01-01T00:00:00.000Z"},
    }
    stack.dynamodb.put_item(TableName=stack.output("InventoryTable"), Item=item)
    snapshot.take(stack)
    project.run(stack, {"date": str(RUN_DATE)})
    rows = ask(
        stack,
        f"SELECT projected_date, hi80, mean, lo80 FROM sales_projections WHERE run_date = '{RUN_DATE}' "
        f"AND breakdown = 'product' AND series = '{product}' AND measure = 'units' ORDER BY horizon",
    )
    expected = []
    for bound in (1, 2, 3):
        sold = 0.0
        for row in rows:
            sold += float(row[bound])
            if sold >= stock:
                expected.append(str(row[0]))
                break
    assert len(expected) == 3, "it must run out within the horizon, or nothing is shown"
    answer = athena.query(stack, "stock_out_dates", {"from": str(RUN_DATE)})
    assert [row for row in answer.rows if row[0] == product] == [[product, "Projected", stock, *expected]]
