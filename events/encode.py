"""Makes events/transformer/*.json, which carry base64, from the readable changes in events/changes/.

Run it after editing a change: `.venv/bin/python events/encode.py`. A test fails when the two differ.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
# event -> the changes it carries, in order. `poison` stands for bytes that are no change at all.
EVENTS: dict[str, list[str]] = {
    "insert": ["insert"],
    "modify": ["modify"],
    "remove": ["remove"],
    "expire": ["expire"],
    "forgotten": ["forgotten"],
    "credit": ["credit"],
    "test-order": ["test-order"],
    "other-entity": ["other-entity"],
    "broken-price": ["broken-price"],
    "too-early": ["too-early"],
    "poison": ["poison"],
    "mixed": ["insert", "poison", "modify", "test-order", "broken-price", "remove", "expire", "other-entity"],
    "empty": [],
}
POISON = b'{"eventName": "INSERT", "dynamodb": \xff\xfe'


def event(changes: list[str]) -> dict[str, Any]:
    """A Firehose transformation event with a Kinesis source (aws documentation, Data Firehose, data
    transformation).
    """
    arrival = 1795169700456
    records = []
    for number, name in enumerate(changes):
        data = POISON if name == "poison" else (HERE / "changes" / f"{name}.json").read_bytes()
        if name != "poison":
            data = json.dumps(json.loads(data), ensure_ascii=False, separators=(",", ":")).encode()
        records.append(
            {
                "recordId": f"shardId-00000000000000000000000000000000000000000000000000{number:06d}",
                "approximateArrivalTimestamp": arrival + number,
                "data": base64.b64encode(data).decode(),
                "kinesisRecordMetadata": {
                    "shardId": "shardId-000000000000",
                    "partitionKey": f"order-{number}",
                    "approximateArrivalTimestamp": arrival + number,
                    "sequenceNumber": f"4965400000000000000000000000000000000000000000000000{number:04d}",
                    "subsequenceNumber": 0,
                },
            }
        )
    return {
        "invocationId": "7d8b5a5e-2f9d-4f1f-8f0a-0d6a5f1c2b3a",
        "sourceKinesisStreamArn": "arn:aws:kinesis:us-east-1:123456789012:stream/orders",
        "deliveryStreamArn": "arn:aws:firehose:us-east-1:123456789012:deliverystream/orders",
        "region": "us-east-1",
        "records": records,
    }


def main() -> None:
    for name, changes in EVENTS.items():
        text = json.dumps(event(changes), indent=2) + "\n"
        (HERE / "transformer" / f"{name}.json").write_text(text)


if __name__ == "__main__":
    main()
