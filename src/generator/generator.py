"""Lambda function that plays the shop: it writes orders, their later changes, and stock.

Handler: `generator.handler`. Events and answers: generator_event.py, tick.py, backfill.py. A wrong event
writes nothing and raises EventError, which Lambda counts and reports. Metrics (namespace Salescast,
dimensions service and stack):

    OrdersInserted, OrderChanges, OrdersRemoved   what this run wrote
    WritesRepeated                                writes that were found already done
    OrdersAbsent                                  changes of orders that are not in the table
    Restocks                                      products restocked
    RunsUnfinished                                runs whose time was over; the answer says what is left
"""

from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

import backfill
import generator_event
import tick
from clock import Clock
from generator_environment import Settings, environment
from inventory import Inventory
from table import Orders
from tally import Tally

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

# What is sent is made here, from plain maps: botocore's validation would cost a sixth of a backfill.
CONFIG = Config(retries={"mode": "standard", "max_attempts": 5}, parameter_validation=False)


@cache
def dynamodb_client() -> "DynamoDBClient":
    """Made once, at the first invocation."""
    return boto3.client("dynamodb", config=CONFIG)


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Answer one event; see the module's docstring. Raises VariableError, EventError."""
    clock = Clock.real(context.get_remaining_time_in_millis)
    return respond(event, environment(), dynamodb_client(), clock)


def respond(event: object, settings: Settings, dynamodb: "DynamoDBClient", clock: Clock) -> dict[str, Any]:
    """The handler without Lambda and AWS around it. Raises EventError, before anything is written."""
    tally = Tally()
    try:
        answer = _answer(event, settings, dynamodb, clock, tally)
    finally:
        _measure(tally, settings.stack)  # what was written is written, whatever came after
    if not answer["done"]:
        metrics.add_metric("RunsUnfinished", MetricUnit.Count, 1)
    logger.info("event answered", **answer)
    return answer


def _measure(tally: Tally, stack: str) -> None:
    metrics.add_dimension("stack", stack)
    for count, name in _METRICS.items():
        metrics.add_metric(name, MetricUnit.Count, getattr(tally, count))


def _answer(
    event: object, settings: Settings, dynamodb: "DynamoDBClient", clock: Clock, tally: Tally
) -> dict[str, Any]:
    inventory, orders = Inventory(dynamodb, settings, clock, tally), Orders(dynamodb, settings, clock, tally)
    parsed = generator_event.read(event)
    if isinstance(parsed, generator_event.Tick):
        minute = tick.check(parsed, settings, clock.now())
        return tick.run(parsed, minute, settings, inventory, orders, tally)
    backfill.check(parsed, settings, clock.now())
    return backfill.run(parsed, settings, clock, inventory, orders, tally)
