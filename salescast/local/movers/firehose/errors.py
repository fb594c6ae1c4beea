"""Lines of Firehose's error objects.

Keeps (docs/aws-behaviour.md 2.5, 4.3): one JSON object per line; `errorCode` in processing failures,
`lastErrorCode` in conversion failures; numeric milliseconds; `lambdaARN` with its qualifier; `rawData` in
base64.

In a processing failure rawData is the original record. In a conversion failure it is what the conversion was
given, the function's output; AWS does not document its choice.
"""

from __future__ import annotations

import time
from base64 import b64encode
from enum import StrEnum
from typing import NamedTuple

import orjson

from salescast.local.movers.firehose.config import Conversion, FirehoseConfig
from salescast.local.movers.firehose.response import Rejected
from salescast.local.movers.formats.conversion import Failure


class ErrorType(StrEnum):
    """What !{firehose:error-output-type} says."""

    PROCESSING_FAILED = "processing-failed"
    CONVERSION_FAILED = "format-conversion-failed"


class Row(NamedTuple):
    """A transformed record, waiting for its object."""

    data: bytes
    arrival: int  # epoch milliseconds
    sequence_number: str


def processing_line(config: FirehoseConfig, rejected: Rejected, attempts: int) -> bytes:
    """A record that the function did not get through."""
    assert config.processing is not None, "only a function rejects"
    function = config.processing.function_arn
    qualified = function if len(function.split(":")) > 7 else f"{function}:$LATEST"
    return orjson.dumps(
        {
            "attemptsMade": attempts,
            "arrivalTimestamp": rejected.source.arrival,
            "errorCode": rejected.code,
            "errorMessage": rejected.message,
            "attemptEndingTimestamp": _now(),
            "rawData": rejected.source.data,
            "lambdaARN": qualified,
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )


def conversion_line(config: FirehoseConfig, conversion: Conversion, row: Row, failure: Failure) -> bytes:
    """A record that does not fit the table."""
    schema = conversion.schema
    return orjson.dumps(
        {
            "attemptsMade": 1,
            "arrivalTimestamp": row.arrival,
            "lastErrorCode": failure.code,
            "lastErrorMessage": failure.message,
            "attemptEndingTimestamp": _now(),
            "rawData": b64encode(row.data).decode(),
            "sequenceNumber": row.sequence_number,
            "subSequenceNumber": None,
            "dataCatalogTable": {
                "catalogId": schema.get("CatalogId", config.account),
                "databaseName": schema["DatabaseName"],
                "tableName": schema["TableName"],
                "region": schema.get("Region", config.region),
                "versionId": schema.get("VersionId", "LATEST"),
                "roleArn": schema["RoleARN"],
            },
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )


def _now() -> int:
    return time.time_ns() // 1_000_000
