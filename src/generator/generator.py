"""Lambda function that plays the shop: it writes orders, their later changes, and stock.

Handler: `generator.handler`. Events and answers: event.py, tick.py, backfill.py. A wrong event writes nothing
and answers `{"error": {"field": ..., "message": ...}}`. Metrics (namespace Salescast, dimension service):

    OrdersInserted, OrderChanges, OrdersRemoved   what this run wrote
    WritesRepeated                                writes that were found already done
    OrdersAbsent                                  changes of orders that are not in the table
    Restocks                                      products restocked
    InvalidEvents                                 events that were not understood
    TicksRefused                                  ticks that came too late or too early
    RunsUnfinished                                runs whose time was over; the answer says what is left
"""

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

import backfill
import event as events
import tick
from environment import Clock, Settings, Tally
from inventory import Inventory
from table import Orders

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

logger = Logger(service="generator")
metrics = Metrics(namespace="Salescast", service="generator")
tracer = Tracer(service="generator")

_METRICS = {
    "inserted": "OrdersInserted",
    "changed": "OrderChanges",
    "removed": "OrdersRemoved",
    "repeated": "WritesRepeated",
    "absent": "OrdersAbsent",
    "restocked": "Restocks",
}

_client: "DynamoDBClient | None" = None


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Answer one event; see the module's docstring."""
    return respond(event, Clock.real(context.get_remaining_time_in_millis))


def respond(event: object, clock: Clock) -> dict[str, Any]:
    """The handler without Lambda around it: time comes from `clock`."""
    tally = Tally()
    try:
        answer = _answer(event, clock, tally)
    except events.InvalidEventError as error:
        refused = isinstance(error, events.RefusedTickError)
        metrics.add_metric("TicksRefused" if refused else "InvalidEvents", MetricUnit.Count, 1)
        logger.warning("event not answered", field=error.field, why=error.message)
        return {"error": {"field": error.field, "message": error.message}}
    except Exception:
        _measure(tally)  # what was written is written
        raise
    _measure(tally)
    if not answer["done"]:
        metrics.add_metric("RunsUnfinished", MetricUnit.Count, 1)
    logger.info("event answered", **answer)
    return answer


def _measure(tally: Tally) -> None:
    for count, name in _METRICS.items():
        metrics.add_metric(name, MetricUnit.Count, getattr(tally, count))


def _answer(event: object, clock: Clock, tally: Tally) -> dict[str, Any]:
    parsed = events.read(event)
    settings = Settings.read()
    if isinstance(parsed, events.Tick):
        minute = tick.check(parsed, settings, clock.now())
        inventory, orders = _tables(settings, clock, tally)
        return tick.run(parsed, minute, settings, inventory, orders, tally)
    backfill.check(parsed, settings, clock.now())
    inventory, orders = _tables(settings, clock, tally)
    return backfill.run(parsed, settings, clock, inventory, orders, tally)


def _tables(settings: Settings, clock: Clock, tally: Tally) -> tuple[Inventory, Orders]:
    dynamodb = client()
    return Inventory(dynamodb, settings, clock, tally), Orders(dynamodb, settings, clock, tally)


def client() -> "DynamoDBClient":
    """The DynamoDB client, made once: on first use, so that importing this needs no AWS."""
    global _client
    if _client is None:
        import boto3
        from botocore.config import Config

        # What is sent is made here, from plain maps: botocore's validation would cost a sixth of a backfill.
        _client = boto3.client(
            "dynamodb",
            config=Config(retries={"mode": "standard", "max_attempts": 5}, parameter_validation=False),
        )
    return _client
