"""A pipe's configuration, as DescribePipe gives it.

Keeps (docs/aws-behaviour.md 1.2): the parameters of a DynamoDB stream source and a Kinesis target with their
defaults and limits. Leaves out, and refuses by name: other sources and targets, InputTemplate, Enrichment,
ParallelizationFactor above 1 and what filter.py names.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from salescast.local.movers.pipe.event import key_of
from salescast.local.movers.pipe.filter import filter_of
from salescast.local.movers.shard import PositionType


class UnsupportedPipeError(ValueError):
    """The pipe uses something that this stand-in leaves out."""


class PipeState(StrEnum):
    """What a pipe is to be (RequestedPipeStateDescribeResponse)."""

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"
    DELETED = "DELETED"


@dataclass(frozen=True)
class PipeConfig:
    """Times in seconds; -1 means without limit."""

    name: str
    arn: str
    created: str  # tells a pipe from its successor of the same name
    role_arn: str
    source: str
    target: str
    state: PipeState
    starting_position: PositionType
    batch_size: int
    batching_window: float
    retry_attempts: int
    record_age: int
    bisect: bool
    dead_letter_queue: str | None
    partition_key: str
    log_group: str | None
    filters: tuple[str, ...] = ()  # patterns, of which one has to match

    @property
    def account(self) -> str:
        return self.arn.split(":")[4]

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]


def from_description(pipe: dict[str, Any]) -> PipeConfig:
    """Reads an answer of DescribePipe. Raises UnsupportedPipeError."""
    name = pipe["Name"]
    source = pipe.get("SourceParameters", {}).get("DynamoDBStreamParameters")
    target = pipe.get("TargetParameters", {})
    if source is None or ":kinesis:" not in pipe["Target"]:
        raise UnsupportedPipeError(
            f"pipe {name}: only a DynamoDB stream source and a Kinesis target run here"
        )
    if target.get("InputTemplate"):
        raise UnsupportedPipeError(f"pipe {name}: InputTemplate does not run here")
    if pipe.get("Enrichment"):
        raise UnsupportedPipeError(f"pipe {name}: Enrichment does not run here")
    if source.get("ParallelizationFactor", 1) != 1:
        raise UnsupportedPipeError(f"pipe {name}: ParallelizationFactor above 1 does not run here")
    batch_size = int(source.get("BatchSize", 100))
    if batch_size > 500:
        raise UnsupportedPipeError(f"pipe {name}: BatchSize {batch_size} exceeds the Kinesis target's 500")
    log = pipe.get("LogConfiguration") or {}
    group = (log.get("CloudwatchLogsLogDestination") or {}).get("LogGroupArn")
    criteria = pipe["SourceParameters"].get("FilterCriteria") or {}
    filters = tuple(one["Pattern"] for one in criteria.get("Filters") or [])
    key = (target.get("KinesisStreamParameters") or {}).get("PartitionKey", "$.eventID")
    try:
        filter_of(filters)
        key_of(key)
    except ValueError as error:
        raise UnsupportedPipeError(f"pipe {name}: {error}") from None
    return PipeConfig(
        name=name,
        arn=pipe["Arn"],
        created=str(pipe.get("CreationTime", "")),
        role_arn=pipe["RoleArn"],
        source=pipe["Source"],
        target=pipe["Target"],
        state=PipeState(pipe.get("DesiredState", "RUNNING")),
        starting_position=PositionType(source.get("StartingPosition", "TRIM_HORIZON")),
        batch_size=batch_size,
        batching_window=float(source.get("MaximumBatchingWindowInSeconds", 0)),
        retry_attempts=int(source.get("MaximumRetryAttempts", -1)),
        record_age=int(source.get("MaximumRecordAgeInSeconds", -1)),
        bisect=source.get("OnPartialBatchItemFailure") == "AUTOMATIC_BISECT",
        dead_letter_queue=(source.get("DeadLetterConfig") or {}).get("Arn"),
        partition_key=key,
        log_group=_group_name(group) if group and log.get("Level", "OFF") != "OFF" else None,
        filters=filters,
    )


def _group_name(arn: str) -> str:
    return arn.split(":log-group:", 1)[1].removesuffix(":*") if ":log-group:" in arn else arn
