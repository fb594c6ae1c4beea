"""A month of the generator's orders as rows of order_arrivals, in the order in which Firehose gets them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import order
from tests.lake import arrow_schema

DAYS = 30
FIRST = dt.datetime(2026, 10, 1)  # noqa: DTZ001, as Parquet has it
MINUTES = DAYS * 24 * 60
SEED = 42
_MINUTE = 60_000_000  # microseconds
_DIGITS = 10_000  # of a decimal with four places


@dataclass(frozen=True)
class Month:
    """Rows of the arrivals' columns, and the minute of the month (0 to 43,199) in which each arrives."""

    rows: pa.Table
    minute: Any


def month(orders_per_hour: float) -> Month:
    """The month at that rate: one day of the generator, every day anew; what comes after the month is cut."""
    day = _day(orders_per_hour)
    days = [_shifted(day, number) for number in range(DAYS)]
    rows = pa.concat_tables([rows for rows, _ in days])
    minutes = np.concatenate([minutes for _, minutes in days])
    within = np.flatnonzero(minutes < MINUTES)
    within = within[np.argsort(minutes[within], kind="stable")]
    return Month(rows.take(within).combine_chunks(), minutes[within])


def _day(orders_per_hour: float) -> list[dict[str, Any]]:
    """Every change of the orders of one day; times are minutes and microseconds of the day."""
    shop, changes = order.Shop(SEED), []
    first = int(FIRST.replace(tzinfo=dt.UTC).timestamp()) // 60
    for minute in range(24 * 60):
        for basket in shop.baskets(first + minute, orders_per_hour):
            for line in basket.orders:
                price = int(line.product.unit_price * _DIGITS)
                discount = int((line.discount or 0) * _DIGITS)
                fixed = {
                    "order_id": line.order_id,
                    "placed": minute * _MINUTE + basket.millisecond * 1000,
                    "invoice_id": basket.invoice_id,
                    "customer_id": f"C{basket.customer:08d}",
                    "country": basket.country,
                    "channel": basket.channel,
                    "product_id": line.product.product_id,
                    "product_name": line.product.product_name,
                    "category": line.product.category,
                    "promotion": line.promotion,
                    "quantity": line.quantity,
                    "unit_price": price,
                    "discount": discount,
                    "amount": price * line.quantity - discount,
                }
                status = "PLACED"
                for step in (None, *line.life):
                    lag, version = (step.lag, step.version) if step else (0, 1)
                    before, kind = (status if step else None), "MODIFY" if step else "INSERT"
                    if step and step.what == order.REMOVE:
                        kind = "REMOVE"
                    elif step and step.what != order.FORGET:
                        status = step.what
                    changes.append(
                        fixed
                        | {
                            "minute": minute + lag,
                            "version": version,
                            "change_type": kind,
                            "status": status,
                            "previous_status": before,
                        }
                    )
    return changes


def _shifted(day: list[dict[str, Any]], number: int) -> tuple[pa.Table, Any]:
    """The day's changes `number` days later, under ids of their own, and the minutes of their arrival."""
    minutes = np.array([change["minute"] for change in day]) + number * 24 * 60
    start = np.datetime64(FIRST, "us")
    placed = start + np.array([change["placed"] for change in day], "m8[us]") + np.timedelta64(number, "D")
    changed = start + minutes.astype("m8[m]").astype("m8[us]") + np.timedelta64(30_000_000, "us")
    ids = [f"{change['order_id']}-{number:02d}" for change in day]
    made: dict[str, Any] = {
        "order_id": ids,
        "change_id": [f"{name}v{change['version']:02d}" for name, change in zip(ids, day, strict=True)],
        "sequence_number": pa.array([f"{minute:021d}" for minute in minutes.tolist()]),
        "change_ts": changed,
        "order_ts": placed,
        "updated_ts": changed,
        "processed_ts": changed + np.timedelta64(20_000_000, "us"),
        "order_date": pa.array([f"{FIRST + dt.timedelta(days=number):%Y-%m-%d}"] * len(day)),
        "currency": pa.array(["GBP"] * len(day)),
        "stock_left": pa.array([100] * len(day), pa.int32()),
    }
    arrays = []
    for field in arrow_schema():
        values = made[field.name] if field.name in made else [change[field.name] for change in day]
        if pa.types.is_decimal(field.type):
            whole = pa.array(values, pa.int64()).cast(pa.decimal128(38, 0))
            same = pa.Array.from_buffers(pa.decimal128(38, 4), len(whole), whole.buffers())
            arrays.append(same.cast(field.type))
        else:
            arrays.append(pa.array(values, field.type))
    return pa.Table.from_arrays(arrays, schema=arrow_schema()), minutes


def write_arrivals(of: Month, folder: Path, interval: int = 1) -> int:
    """One object for every `interval` minutes, as Firehose writes them; the number of objects."""
    for date in range(DAYS):
        _arrival(folder, date * 24 * 60).mkdir(parents=True)
    ends = of.minute // interval
    return _write(of.rows, _runs(ends), lambda row: _arrival(folder, int(of.minute[row])))


def write_by_order_date(of: Month, folder: Path) -> int:
    """One object a minute and order date, as dynamic partitioning by order_date wrote them."""
    dates = of.rows["order_date"].combine_chunks().dictionary_encode()
    names, codes = dates.dictionary.to_pylist(), dates.indices.to_numpy()
    for name in names:
        (folder / f"order_date={name}").mkdir(parents=True)
    together = of.minute.astype("i8") * 1000 + codes
    place = np.argsort(together, kind="stable")
    rows, codes = of.rows.take(place).combine_chunks().drop_columns(["order_date"]), codes[place]
    return _write(rows, _runs(together[place]), lambda row: folder / f"order_date={names[codes[row]]}")


def _arrival(folder: Path, minute: int) -> Path:
    return folder / f"arrival_date={FIRST + dt.timedelta(minutes=minute):%Y-%m-%d}"


def _runs(keys: Any) -> Iterator[tuple[int, int]]:
    """Begin and length of each run of the same key."""
    begins = np.concatenate(([0], np.flatnonzero(np.diff(keys)) + 1, [len(keys)]))
    for begin, end in zip(begins[:-1].tolist(), begins[1:].tolist(), strict=True):
        yield begin, end - begin


def _write(rows: pa.Table, runs: Iterator[tuple[int, int]], folder_of: Any) -> int:
    count = 0
    for begin, length in runs:
        path = folder_of(begin) / f"{begin}.parquet"
        pq.write_table(rows.slice(begin, length), path, use_dictionary=length > 20)
        count += 1
    return count
