"""Lambda function that projects sales: history from Athena, 28 days ahead, Parquet to the lake.

Handler: `projector.handler`. Events: projector_event.py. Answer: run_date, horizon, currency, series
(their number), key, seconds, accuracy of past projections, intraday (when the run date is today), and
`projections` for the series asked for. Metrics (namespace Salescast, dimensions service, stack):

    SeriesProjected, ProjectionSeconds     of this run
    ProjectionsFailed                      1 when a run ended without a projection, else 0
    PastWape                               of the total's revenue over the last 28 days that have come,
                                           percent
    PastCoverage80, PastCoverage95         how many of those days the intervals held, percent

A wrong event raises EventError, a run that cannot be done ProjectionError: one line that
says why, and the previous projection is left as it is.
"""

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import numpy as np
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

import history
import intraday
import projector_event
import publish
from forecast import Projection, project
from hierarchy import reconciled
from history import BREAKDOWNS, MEASURES, TOTAL, Athena, History, Series
from models.design import Season
from planned import Event
from projector_environment import Settings, environment
from projector_event import HORIZON, EventError
from publish import Projected

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_s3 import S3Client

SHOWN_DAYS = 120  # of history in an answer

ACCURACY = """
SELECT sum(absolute_error) AS missed, sum(abs(actual)) AS sold, count(*) AS days,
  sum(CASE WHEN inside80 THEN 1 ELSE 0 END) AS inside80, sum(CASE WHEN inside95 THEN 1 ELSE 0 END) AS inside95
FROM projection_accuracy
WHERE breakdown = 'total' AND measure = 'revenue' AND horizon >= 1
  AND run_date >= '{since}' AND projected_date >= '{since}' AND projected_date < '{today}'
"""

logger = Logger(service="projector")
metrics = Metrics(namespace="Salescast", service="projector")
tracer = Tracer(service="projector")


CONFIG = Config(retries={"mode": "standard", "max_attempts": 5})


@cache
def athena_client() -> "AthenaClient":
    """Made once, at the first invocation."""
    return boto3.client("athena", config=CONFIG)


@cache
def s3_client() -> "S3Client":
    """Made once, at the first invocation."""
    return boto3.client("s3", config=CONFIG)


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Answer one event; see the module's docstring. Raises VariableError, EventError, ProjectionError."""
    begin = time.monotonic()
    try:
        settings, s3 = environment(), s3_client()
        metrics.add_dimension("stack", settings.stack)  # of a failure too
        athena = Athena(
            athena_client(), s3, settings.workgroup, settings.database, context.get_remaining_time_in_millis
        )
        answer = respond(event, settings, athena, s3, dt.datetime.now(dt.UTC))
    except Exception as error:
        metrics.add_metric("ProjectionsFailed", MetricUnit.Count, 1)
        logger.error("no projection", reason=str(error))
        raise
    answer["seconds"] = round(time.monotonic() - begin, 3)
    _measure(answer)
    logger.info("projected", **{name: answer[name] for name in ("run_date", "series", "key", "accuracy")})
    return answer


def _measure(answer: dict[str, Any]) -> None:
    metrics.add_metric("ProjectionsFailed", MetricUnit.Count, 0)
    metrics.add_metric("SeriesProjected", MetricUnit.Count, answer["series"])
    metrics.add_metric("ProjectionSeconds", MetricUnit.Seconds, answer["seconds"])
    for name, value in answer["accuracy"].items():
        metrics.add_metric(f"Past{name}", MetricUnit.Percent, value)


def respond(
    event: object, settings: Settings, athena: Athena, s3: "S3Client", now: dt.datetime
) -> dict[str, Any]:
    """The handler without Lambda around it. Raises EventError, ProjectionError; then nothing is written."""
    request = projector_event.read(event, now.date())
    today = request.date or now.date()
    past = history.read(athena, today)
    accuracy = _accuracy(athena, today)
    events = [planned.event for planned in request.events]
    projected = projections(past, request.horizon, events)
    answer: dict[str, Any] = {
        "run_date": today.isoformat(),
        "horizon": request.horizon,
        "currency": past.currency,
        "series": len(projected),
        "accuracy": accuracy,
        "key": None,
    }
    if today == now.date():
        total = next(one for one in projected if _label(one.series) == TOTAL)
        day = intraday.close(past.today_revenue, intraday.profile(past.hours, today), now, total.projection)
        projected.append(Projected(total.series, day.close, first_horizon=0))
        answer["intraday"] = {"so_far": day.so_far, "share_of_day": day.share} | _bounds(day.close)
    answer["projections"] = _asked(request.series, projected, events)
    if request.publish:
        columns = publish.rows(projected, today, past.currency, now)
        answer["key"] = publish.publish(s3, settings.lake, today, columns)
    return answer


def projections(past: History, horizon: int, events: Sequence[Event] = ()) -> list[Projected]:
    """Every series' projection; those of a breakdown add up to the total's, and young ones share its year."""
    main = past.main_country
    totals = {
        one.measure: _project(one, horizon, main, events) for one in past.series if _label(one) == TOTAL
    }
    found = [
        Projected(
            one,
            totals[one.measure]
            if _label(one) == TOTAL
            else _project(one, horizon, main, events, totals[one.measure].season),
        )
        for one in past.series
    ]
    for measure in MEASURES:
        for breakdown in BREAKDOWNS:
            places = [
                place
                for place, one in enumerate(found)
                if (one.series.breakdown, one.series.measure) == (breakdown, measure)
            ]
            parts = reconciled(
                totals[measure],
                [found[place].projection for place in places],
                [measure == "revenue" and bool((found[place].series.values < 0).any()) for place in places],
            )
            for place, part in zip(places, parts, strict=True):
                found[place] = Projected(found[place].series, part)
    return found


def _project(
    one: Series, horizon: int, main: str | None, events: Sequence[Event], season: Season | None = None
) -> Projection:
    found = project(
        np.maximum(one.values, 0.0) if one.measure == "units" else one.values,
        horizon,
        start=one.start,
        country=one.name if one.breakdown == "country" else main,
        events=events,
        season=season,
    )
    stray = f", {one.stray} days from a stray first sale on left out" if one.stray else ""
    return replace(found, method=found.method + stray)


def _accuracy(athena: Athena, today: dt.date) -> dict[str, float]:
    """Of the projections whose days have come; empty before there are any."""
    query = ACCURACY.format(since=today - dt.timedelta(days=HORIZON), today=today)
    found = athena.rows(query)
    if not found or not int(found[0]["days"] or 0) or not float(found[0]["sold"] or 0):
        return {}
    row, days = found[0], int(found[0]["days"])
    return {
        "Wape": round(100 * float(row["missed"]) / float(row["sold"]), 2),
        "Coverage80": round(100 * int(row["inside80"]) / days, 2),
        "Coverage95": round(100 * int(row["inside95"]) / days, 2),
    }


def _asked(
    labels: Sequence[str], projected: list[Projected], events: Sequence[Event]
) -> list[dict[str, Any]]:
    full = [one for one in projected if one.first_horizon]
    known = {_label(one.series) for one in full}
    if missing := [label for label in labels if label not in known]:
        raise EventError("series", f"there is no {missing[0]!r}; for example {', '.join(sorted(known)[:5])}")
    return [
        {
            "series": _label(one.series),
            "measure": one.series.measure,
            "method": one.projection.method,
            "history_start": str(
                one.series.start + dt.timedelta(days=max(0, len(one.series.values) - SHOWN_DAYS))
            ),
            "history": one.series.values[-SHOWN_DAYS:].tolist(),
            "projection": {name: values.tolist() for name, values in _arrays(one.projection).items()},
            "sums": [asdict(of_days) for of_days in one.projection.sums],
            "explanation": one.projection.explanation,
            "events": [
                {
                    "name": event.name,
                    "first": str(event.first),
                    "last": str(event.last),
                    "closed": event.closed,
                }
                for event in events
            ],
        }
        for one in full
        if _label(one.series) in labels
    ]


def _label(series: Series) -> str:
    return TOTAL if series.breakdown == TOTAL else f"{series.breakdown}:{series.name}"


def _arrays(found: Projection) -> dict[str, Any]:
    return {name: getattr(found, name) for name in ("mean", "lo80", "hi80", "lo95", "hi95")}


def _bounds(found: Projection) -> dict[str, float]:
    return {name: float(values[0]) for name, values in _arrays(found).items()}
