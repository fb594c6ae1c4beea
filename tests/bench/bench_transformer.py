"""Speed of the transformer on one core, logger and metrics on, against what people write instead.

Run with `make bench`. All of them answer the same batches: MODIFY changes of orders with 18 attributes, both
images, 250 records a batch. Prints records per second of processor time and the ratio to the plain transform
of the same run: the ratio is the figure, since machines differ. Fails where it is below LEAST_RATIO.

* floor: base64 and orjson both ways and nothing else; no transformer can be faster
* plain: what tutorials show: json, floats, no validation
* plain, orjson: the same with orjson
* data classes: the same job with Powertools' KinesisFirehoseEvent and DynamoDBRecord
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from aws_lambda_powertools.utilities.data_classes import KinesisFirehoseEvent
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from aws_lambda_powertools.utilities.data_classes.kinesis_firehose_event import (
    KinesisFirehoseDataTransformationResponse,
)

os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "transformer")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Salescast")

from transformer import handler

RECORDS, BATCH, ROUNDS = 10_000, 250, 15
# Usually 1.7 and more against plain; the difference is left to noisy machines.
LEAST_RATIO = 1.4
Event = dict[str, Any]


def iso(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def image(rng: random.Random, number: int, now: datetime) -> dict[str, Any]:
    placed = now - timedelta(seconds=rng.randrange(86_400))
    return {
        "order_id": {"S": f"20261120T1015-{number:06d}-1"},
        "version": {"N": "2"},
        "order_ts": {"S": iso(placed)},
        "updated_ts": {"S": iso(now - timedelta(seconds=rng.randrange(60)))},
        "status": {"S": "SHIPPED"},
        "invoice_id": {"S": f"20261120T1015-{number:06d}"},
        "customer_id": {"S": f"c{rng.randrange(20_000):05d}"},
        "customer_name": {"S": "Alexandra Featherstone"},
        "customer_email": {"S": f"alexandra{rng.randrange(20_000)}@example.com"},
        "country": {"S": "United Kingdom"},
        "channel": {"S": rng.choice(["WEB", "STORE", "MOBILE", "MARKETPLACE"])},
        "product_id": {"S": f"p{rng.randrange(60):03d}"},
        "product_name": {"S": "Noise-cancelling headphones, over-ear"},
        "category": {"S": "Audio"},
        "quantity": {"N": str(rng.randrange(1, 5))},
        "unit_price": {"N": f"{rng.randrange(300, 90_000) / 100:.2f}"},
        "currency": {"S": "GBP"},
        "stock_left": {"N": str(rng.randrange(1, 500))},
    }


def batches() -> list[Event]:
    rng, now = random.Random(7), datetime.now(UTC)
    records = []
    for number in range(RECORDS):
        new = image(rng, number, now)
        old = {**new, "version": {"N": "1"}, "status": {"S": "PLACED"}, "updated_ts": new["order_ts"]}
        change = {
            "eventID": f"{rng.getrandbits(128):032x}",
            "eventName": "MODIFY",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "us-east-1",
            "dynamodb": {
                "ApproximateCreationDateTime": int(now.timestamp()),
                "Keys": {"order_id": new["order_id"]},
                "NewImage": new,
                "OldImage": old,
                "SequenceNumber": str(44215845000000000174390000 + number),
                "SizeBytes": 1100,
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
            "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-11-20",
        }
        records.append(
            {
                "recordId": f"49654{number:050d}",
                "approximateArrivalTimestamp": int(now.timestamp() * 1000),
                "data": base64.b64encode(json.dumps(change).encode()).decode(),
            }
        )
    return [
        {
            "invocationId": "bench",
            "deliveryStreamArn": "arn:aws:firehose:us-east-1:123456789012:deliverystream/bench",
            "region": "us-east-1",
            "records": records[start : start + BATCH],
        }
        for start in range(0, RECORDS, BATCH)
    ]


def floor(event: Event, context: Any) -> Event:
    return {
        "records": [
            {
                "recordId": record["recordId"],
                "result": "Ok",
                "data": base64.b64encode(
                    orjson.dumps(orjson.loads(base64.b64decode(record["data"])))
                ).decode(),
            }
            for record in event["records"]
        ]
    }


def tutorial(loads: Callable[[bytes], Any], dumps: Callable[[Any], bytes]) -> Callable[[Event, Any], Event]:
    def value(attribute: dict[str, str]) -> str | float:
        ((kind, text),) = attribute.items()
        return float(text) if kind == "N" else text

    def transform(event: Event, context: Any) -> Event:
        output = []
        for record in event["records"]:
            change = loads(base64.b64decode(record["data"]))
            order: dict[str, Any] = {
                name: value(attribute) for name, attribute in change["dynamodb"]["NewImage"].items()
            }
            del order["customer_name"], order["customer_email"]
            order["amount"] = order["quantity"] * order["unit_price"]
            order["change_id"], order["change_type"] = change["eventID"], change["eventName"]
            order["previous_status"] = change["dynamodb"]["OldImage"]["status"]["S"]
            order["sequence_number"] = change["dynamodb"]["SequenceNumber"]
            output.append(
                {
                    "recordId": record["recordId"],
                    "result": "Ok",
                    "data": base64.b64encode(dumps(order)).decode(),
                }
            )
        return {"records": output}

    return transform


def data_classes(event: Event, context: Any) -> Event:
    response = KinesisFirehoseDataTransformationResponse()
    for record in KinesisFirehoseEvent(event).records:
        change = DynamoDBRecord(record.data_as_json)
        stream = change.dynamodb
        assert stream is not None
        order = dict(stream.new_image)
        del order["customer_name"], order["customer_email"]
        order["amount"] = order["quantity"] * order["unit_price"]
        order["change_id"], order["change_type"] = change.event_id, change.raw_event["eventName"]
        order["previous_status"] = stream.old_image["status"]
        order["sequence_number"] = stream.sequence_number
        response.add_record(
            record.build_data_transformation_response(
                result="Ok",
                data=base64.b64encode(json.dumps(order, default=str).encode()).decode(),
            )
        )
    return response.asdict()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Log lines and metrics are written, to nowhere: the logger holds on to the stream it found at import."""
    sys.stdout.flush()
    kept = os.dup(1)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def main() -> None:
    events = batches()
    candidates: dict[str, Callable[[Event, Any], Event]] = {
        "floor": floor,
        "plain": tutorial(json.loads, lambda order: json.dumps(order).encode()),
        "plain, orjson": tutorial(orjson.loads, orjson.dumps),
        "data classes": data_classes,
        "transformer": handler,
    }
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(ROUNDS):  # in turns, so that a noisy moment hits all of them
        for name, transform in candidates.items():
            with quiet():
                started = time.process_time()
                answers = [transform(event, None) for event in events]
                seconds[name].append(time.process_time() - started)
            assert all(record["result"] == "Ok" for answer in answers for record in answer["records"]), name
    rates = {name: RECORDS / min(runs) for name, runs in seconds.items()}
    print(f"{'':<16}{'records/s':>12}{'against plain':>16}")
    for name, rate in rates.items():
        print(f"{name:<16}{rate:>12,.0f}{rate / rates['plain']:>15.2f}x")
    if (ratio := rates["transformer"] / rates["plain"]) < LEAST_RATIO:
        sys.exit(f"the transformer is {ratio:.2f} times as fast as plain code; {LEAST_RATIO} is the least")


if __name__ == "__main__":
    main()
