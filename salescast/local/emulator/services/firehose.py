"""Data Firehose: what DescribeDeliveryStream answers, and MiniStack's delivery, which we do without.

Gaps closed:
- DescribeDeliveryStream lacks the backup destination and more; here it answers everything that was
  configured.
- MiniStack delivers Kinesis-sourced records one by one inside PutRecords: that is off,
  salescast/local/movers/firehose/service.py does the work.
- MiniStack takes PutRecord for a stream that reads from Kinesis, and loses it; here it is refused.
"""

from collections.abc import Callable
from typing import Any

from ministack.services import firehose

from salescast.local.emulator import patching
from salescast.local.emulator.services.shapes import shape_of, typed

Json = dict[str, Any]

_S3_DEFAULTS: Json = {
    "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300},
    "CompressionFormat": "UNCOMPRESSED",
    "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
    "CloudWatchLoggingOptions": {"Enabled": False},
}


def apply() -> None:
    """Patch MiniStack's Firehose."""
    patching.replace(firehose, "ingest_from_kinesis_source", _ignore)
    patching.wrap(firehose, "_dest_description", _describing)
    handlers = patching.target(firehose, "_HANDLERS")
    for action in ("PutRecord", "PutRecordBatch"):
        handlers[action] = _to_direct_put_only(handlers[action])


def _to_direct_put_only(original: Callable[[Json], Any]) -> Callable[[Json], Any]:
    def put(request: Json) -> Any:
        stream = firehose._streams.get(request.get("DeliveryStreamName", ""))
        if stream and stream["type"] == "KinesisStreamAsSource":
            return firehose._invalid(
                "This operation is not permitted on KinesisStreamAsSource delivery stream type."
            )
        return original(request)

    return put


def _ignore(*_arguments: Any) -> None:
    """In the place of MiniStack's own delivery."""


def _describing(original: Callable[[Json], Json]) -> Callable[[Json], Json]:
    def describe(destination: Json) -> Json:
        description = original(destination)
        key = "ExtendedS3DestinationDescription"
        if key not in description:
            return description
        config: Json = destination["config"]
        shape = shape_of("firehose", key)
        described = typed({**_S3_DEFAULTS, **config}, shape)
        described.setdefault("S3BackupMode", "Disabled")
        if backup := config.get("S3BackupConfiguration"):
            described["S3BackupDescription"] = typed(
                {**_S3_DEFAULTS, **backup}, shape_of("firehose", "S3DestinationDescription")
            )
        return {**description, key: described}

    return describe
