"""A delivery stream's configuration, as DescribeDeliveryStream gives it.

Keeps (docs/aws-behaviour.md 2.3, 3, 4.1, 5): defaults and limits of the parameters; processing is off unless
enabled, conversion is on unless disabled; a prefix with expressions asks for an error prefix.

Leaves out, and refuses by name: other sources than Kinesis, other destinations than S3, other processors than
Lambda and AppendDelimiterToRecord, dynamic partitioning, HiveJsonSerDe, ORC, compressions other than GZIP and
none outside Parquet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from salescast.local.movers.firehose.prefix import Prefix, PrefixError
from salescast.local.movers.formats.conversion import Deserializer

MEGABYTE = 1024 * 1024


class UnsupportedStreamError(ValueError):
    """The delivery stream uses something that this stand-in leaves out."""


@dataclass(frozen=True)
class Hints:
    """Buffering hints: bytes and seconds, whichever comes first."""

    size: int
    interval: float


@dataclass(frozen=True)
class Processing:
    """The Lambda processor."""

    function_arn: str
    hints: Hints
    retries: int


@dataclass(frozen=True)
class Conversion:
    """Parquet conversion against a Glue table."""

    schema: Mapping[str, str]  # SchemaConfiguration
    deserializer: Deserializer
    serializer: Mapping[str, Any]  # ParquetSerDe


class LogStream(NamedTuple):
    """Where a destination's errors are logged."""

    group: str
    stream: str


@dataclass(frozen=True)
class Backup:
    """Where untransformed records go."""

    role_arn: str
    bucket: str
    prefix: str
    hints: Hints
    gzip: bool
    log: LogStream | None


@dataclass(frozen=True)
class FirehoseConfig:
    """One delivery stream with an S3 destination."""

    name: str
    arn: str
    version: str
    created: str
    source: str
    source_role_arn: str
    source_since: float | None  # epoch seconds
    role_arn: str
    bucket: str
    prefix: str
    error_prefix: str
    hints: Hints
    zone: str
    extension: str
    gzip: bool
    delimiter: bytes  # between records that are not converted
    processing: Processing | None
    conversion: Conversion | None
    backup: Backup | None
    log: LogStream | None

    @property
    def longest_interval(self) -> float:
        """Seconds after which every record that was read is due for delivery, in rows and backup."""
        return max(self.hints.interval, self.backup.hints.interval if self.backup else 0.0)

    @property
    def account(self) -> str:
        return self.arn.split(":")[4]

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]


def from_description(stream: dict[str, Any], fast: float = 1.0) -> FirehoseConfig:
    """Reads DescribeDeliveryStream; intervals are divided by `fast`. Raises UnsupportedStreamError."""
    name = stream["DeliveryStreamName"]
    source = stream.get("Source", {}).get("KinesisStreamSourceDescription")
    s3 = stream["Destinations"][0].get("ExtendedS3DestinationDescription") if stream["Destinations"] else None
    if source is None or s3 is None:
        raise UnsupportedStreamError(f"{name}: only a Kinesis source and an extended S3 destination run here")
    if (s3.get("DynamicPartitioningConfiguration") or {}).get("Enabled"):
        raise UnsupportedStreamError(f"{name}: dynamic partitioning does not run here")
    conversion = _conversion(name, s3.get("DataFormatConversionConfiguration"))
    compression = s3.get("CompressionFormat", "UNCOMPRESSED")
    if compression not in ("UNCOMPRESSED", "GZIP"):
        raise UnsupportedStreamError(f"{name}: CompressionFormat {compression} does not run here")
    if conversion is not None and compression != "UNCOMPRESSED":
        raise UnsupportedStreamError(f"{name}: with conversion CompressionFormat must be UNCOMPRESSED")
    gzip = compression == "GZIP"
    processing, delimiter = _processing(name, s3.get("ProcessingConfiguration"), fast)
    if "!{" in (s3.get("Prefix") or "") and not s3.get("ErrorOutputPrefix"):
        raise UnsupportedStreamError(f"{name}: a Prefix with expressions needs an ErrorOutputPrefix")
    since = source.get("DeliveryStartTimestamp")
    config = FirehoseConfig(
        name=name,
        arn=stream["DeliveryStreamARN"],
        version=str(stream["VersionId"]),
        created=str(stream.get("CreateTimestamp", "")),
        source=source["KinesisStreamARN"],
        source_role_arn=source["RoleARN"],
        source_since=since.timestamp() if since is not None else None,
        role_arn=s3["RoleARN"],
        bucket=_bucket(s3["BucketARN"]),
        prefix=s3.get("Prefix") or "",
        error_prefix=s3.get("ErrorOutputPrefix")
        or "!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH/}",
        hints=_hints(s3, fast, 128 if conversion else 5),
        zone=s3.get("CustomTimeZone") or "UTC",
        extension=s3.get("FileExtension") or (".parquet" if conversion else ".gz" if gzip else ""),
        gzip=gzip,
        delimiter=delimiter,
        processing=processing,
        conversion=conversion,
        backup=_backup(name, s3, fast),
        log=_log(s3),
    )
    try:
        Prefix(config.prefix)
        Prefix(config.error_prefix, error=True)
        ZoneInfo(config.zone)
    except (PrefixError, ValueError, KeyError, OSError) as error:
        raise UnsupportedStreamError(f"{name}: {error}") from None
    return config


def _hints(s3: dict[str, Any], fast: float, default_size: int) -> Hints:
    hints = s3.get("BufferingHints") or {}
    size = float(hints.get("SizeInMBs", default_size))
    return Hints(int(size * MEGABYTE), float(hints.get("IntervalInSeconds", 300)) / fast)


def _processing(name: str, processing: dict[str, Any] | None, fast: float) -> tuple[Processing | None, bytes]:
    """The Lambda processor, if there is one, and what stands between records."""
    found, delimiter = None, b""
    for processor in (
        ((processing or {}).get("Processors") or []) if (processing or {}).get("Enabled") else []
    ):
        parameters = {p["ParameterName"]: p["ParameterValue"] for p in processor.get("Parameters") or []}
        if processor["Type"] == "Lambda":
            hints = Hints(
                int(float(parameters.get("BufferSizeInMBs", 1)) * MEGABYTE),
                float(parameters.get("BufferIntervalInSeconds", 60)) / fast,
            )
            found = Processing(parameters["LambdaArn"], hints, int(parameters.get("NumberOfRetries", 3)))
        elif processor["Type"] == "AppendDelimiterToRecord":
            delimiter = parameters.get("Delimiter", "\\n").replace("\\n", "\n").encode()
        else:
            raise UnsupportedStreamError(f"{name}: the processor {processor['Type']} does not run here")
    return found, delimiter


def _conversion(name: str, conversion: dict[str, Any] | None) -> Conversion | None:
    if not conversion or conversion.get("Enabled") is False:
        return None
    reader = conversion["InputFormatConfiguration"]["Deserializer"]
    writer = conversion["OutputFormatConfiguration"]["Serializer"]
    if reader.get("OpenXJsonSerDe") is None or writer.get("ParquetSerDe") is None:
        raise UnsupportedStreamError(f"{name}: only OpenXJsonSerDe and ParquetSerDe run here")
    openx = reader["OpenXJsonSerDe"]
    deserializer = Deserializer(
        case_insensitive=openx.get("CaseInsensitive", True),
        dots_to_underscores=openx.get("ConvertDotsInJsonKeysToUnderscores", False),
        mappings=openx.get("ColumnToJsonKeyMappings") or {},
    )
    return Conversion(conversion["SchemaConfiguration"], deserializer, writer["ParquetSerDe"])


def _backup(name: str, s3: dict[str, Any], fast: float) -> Backup | None:
    if s3.get("S3BackupMode") != "Enabled":
        return None
    backup = s3["S3BackupDescription"]
    compression = backup.get("CompressionFormat", "UNCOMPRESSED")
    if compression not in ("UNCOMPRESSED", "GZIP"):
        raise UnsupportedStreamError(f"{name}: backup compression {compression} does not run here")
    prefix = backup.get("Prefix") or ""
    try:
        Prefix(prefix)
    except PrefixError as error:
        raise UnsupportedStreamError(f"{name}: {error}") from None
    hints = _hints(backup, fast, 5)
    gzip = compression == "GZIP"
    return Backup(backup["RoleARN"], _bucket(backup["BucketARN"]), prefix, hints, gzip, _log(backup))


def _log(s3: dict[str, Any]) -> LogStream | None:
    options = s3.get("CloudWatchLoggingOptions") or {}
    return LogStream(options["LogGroupName"], options["LogStreamName"]) if options.get("Enabled") else None


def _bucket(arn: str) -> str:
    return arn.rsplit(":", 1)[1]
