"""The event that a pipe makes of a DynamoDB stream record (docs/aws-behaviour.md 1.1).

One JSON object per record with the Lambda event's spelling, images as DynamoDB JSON,
ApproximateCreationDateTime as a number of epoch seconds, the stream's ARN.
"""

from typing import Any


def to_event(record: dict[str, Any], stream_arn: str) -> dict[str, Any]:
    """The event of a GetRecords record, whose `dynamodb` member it takes over and changes."""
    change = record["dynamodb"]
    change["ApproximateCreationDateTime"] = int(float(change.get("ApproximateCreationDateTime", 0)))
    event = {
        "eventID": record["eventID"],
        "eventName": record["eventName"],
        "eventVersion": record.get("eventVersion", "1.1"),
        "eventSource": record.get("eventSource", "aws:dynamodb"),
        "awsRegion": record["awsRegion"],
        "dynamodb": change,
        "eventSourceARN": stream_arn,
    }
    identity = record.get("userIdentity")
    if identity:
        event["userIdentity"] = {
            "type": identity.get("Type", identity.get("type")),
            "principalId": identity.get("PrincipalId", identity.get("principalId")),
        }
    return event
