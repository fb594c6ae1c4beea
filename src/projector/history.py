"""What was sold, from Athena: one query for every series of a run.

It reads the view `orders`: `daily_sales` has no product and no hour, and is worked out from `orders` itself.
"""

import csv
import datetime as dt
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from models.openings import stray_days
from models.smoothing import Floats

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_s3 import S3Client

MOST_DAYS = 1461
HOUR_DAYS = 28  # days that make the hour-of-day profile
TOP_PRODUCTS = 20
OTHER = "(other)"
NONE = "(none)"
TOTAL = "total"
BREAKDOWNS = ("category", "country", "channel", "product")
MEASURES = ("revenue", "units")
SOLD = "status IN ('PLACED', 'SHIPPED', 'DELIVERED')"
POLL_SECONDS = 0.3

# Every dimension is without nulls before it is grouped, so that a null says: added up over this one.
QUERY = f"""
WITH top AS (
  SELECT product_id FROM orders WHERE order_date BETWEEN '{{first}}' AND '{{today}}'
  GROUP BY product_id ORDER BY sum(net_revenue) DESC, product_id LIMIT {TOP_PRODUCTS}),
sold AS (
  SELECT order_date, currency, coalesce(category, '{NONE}') AS category, country, channel,
    CASE WHEN top.product_id IS NULL THEN '{OTHER}' ELSE orders.product_id END AS product,
    CASE WHEN order_date >= '{{recent}}' THEN hour(order_ts) ELSE -1 END AS sold_hour,
    net_revenue, CASE WHEN {SOLD} THEN quantity ELSE 0 END AS units
  FROM orders LEFT JOIN top ON top.product_id = orders.product_id
  WHERE order_date BETWEEN '{{first}}' AND '{{today}}')
SELECT order_date, currency, category, country, channel, product, sold_hour,
  count(*) AS order_lines, CAST(sum(net_revenue) AS varchar) AS revenue, sum(units) AS units
FROM sold
GROUP BY GROUPING SETS ((order_date, currency),
  (order_date, currency, category), (order_date, currency, country), (order_date, currency, channel),
  (order_date, currency, product), (order_date, currency, sold_hour))
"""  # noqa: S608 - dates and constants


class ProjectionError(Exception):
    """Why there is no projection, in one line."""


@dataclass(frozen=True, slots=True)
class Series:
    """One series of the history: `values` are daily totals from `start` to the day before the run, without
    the `stray` days up to and after a first sale far before all others."""

    breakdown: str
    name: str
    measure: str
    start: dt.date
    values: Floats = field(repr=False)
    stray: int = 0


@dataclass(slots=True)
class History:
    """Daily totals up to the day before `today`, and the hours of the last weeks and of today.

    `hours`: revenue by date and hour of day, for the intraday profile. `today_revenue`: of the running day.
    """

    today: dt.date
    currency: str
    series: list[Series] = field(default_factory=list)
    hours: dict[dt.date, Floats] = field(default_factory=dict)

    @property
    def today_revenue(self) -> float:
        return float(self.hours.get(self.today, np.zeros(24)).sum())

    @property
    def main_country(self) -> str | None:
        """The country with most of the revenue, if that is more than half: its holidays are the total's."""
        totals = {
            one.name: float(one.values.sum())
            for one in self.series
            if (one.breakdown, one.measure) == ("country", "revenue")
        }
        largest = max(totals, key=lambda name: totals[name], default=None)
        return largest if largest and totals[largest] > 0.5 * sum(totals.values()) else None


@dataclass(slots=True)
class Athena:
    """Athena under a workgroup and database. `remaining_ms`: until the function ends."""

    athena: "AthenaClient"
    s3: "S3Client"
    workgroup: str
    database: str
    remaining_ms: Callable[[], int] = lambda: 900_000

    def rows(self, query: str) -> list[dict[str, str]]:
        """The result's rows as text. Raises ProjectionError with Athena's reason."""
        execution = self.athena.start_query_execution(
            QueryString=query, WorkGroup=self.workgroup, QueryExecutionContext={"Database": self.database}
        )["QueryExecutionId"]
        while True:
            found = self.athena.get_query_execution(QueryExecutionId=execution)["QueryExecution"]
            state = found["Status"]["State"]
            if state == "SUCCEEDED":
                break
            if state in ("FAILED", "CANCELLED"):
                reason = found["Status"].get("StateChangeReason", "no reason given").strip()
                raise ProjectionError(f"Athena's query {state.lower()}: {reason.splitlines()[0]}")
            if self.remaining_ms() < 15_000:
                self.athena.stop_query_execution(QueryExecutionId=execution)
                raise ProjectionError("Athena's query was stopped: it took longer than the function may")
            time.sleep(POLL_SECONDS)
        # The result is one CSV object; GetQueryResults would give it in pages of 1,000 rows.
        bucket, _, key = found["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").partition("/")
        text = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        return list(csv.DictReader(io.StringIO(text)))


def read(athena: Athena, today: dt.date) -> History:
    """The history before `today` (UTC). Raises ProjectionError when nothing was sold yet, or Athena fails."""
    query = QUERY.format(
        first=today - dt.timedelta(days=MOST_DAYS), today=today, recent=today - dt.timedelta(days=HOUR_DAYS)
    )
    rows = athena.rows(query)
    if not any(row["order_date"] < today.isoformat() for row in rows):
        raise ProjectionError(f"there are no orders before {today} to project from")
    lines: dict[str, int] = {}
    for row in rows:
        lines[row["currency"]] = lines.get(row["currency"], 0) + int(row["order_lines"])
    # Sums of different currencies mean nothing: the one most lines are in is projected.
    currency = max(sorted(lines), key=lambda name: lines[name])
    history = History(today, currency)
    daily: dict[tuple[str, str], dict[dt.date, tuple[float, float]]] = {}
    for row in rows:
        if row["currency"] != currency:
            continue
        day = dt.date.fromisoformat(row["order_date"])
        if row["sold_hour"]:
            if (hour := int(row["sold_hour"])) >= 0:
                history.hours.setdefault(day, np.zeros(24))[hour] += float(row["revenue"])
        elif day < today:
            pair = next(((name, row[name]) for name in BREAKDOWNS if row[name]), (TOTAL, TOTAL))
            daily.setdefault(pair, {})[day] = (float(row["revenue"]), float(row["units"]))
    history.series = list(_series(daily, today))
    return history


def _series(
    daily: dict[tuple[str, str], dict[dt.date, tuple[float, float]]], today: dt.date
) -> Iterator[Series]:
    """Zeros where nothing was sold, and none before the first sale; the total first, then in order of
    names."""
    for breakdown, name in sorted(daily, key=lambda pair: (pair[0] != TOTAL, pair)):
        days = daily[breakdown, name]
        start = min(days)
        for index, measure in enumerate(MEASURES):
            values = np.zeros((today - start).days)
            for day, sums in days.items():
                values[(day - start).days] = sums[index]
            stray = stray_days(values)
            yield Series(breakdown, name, measure, start + dt.timedelta(days=stray), values[stray:], stray)
