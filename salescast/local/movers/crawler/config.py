"""A crawler's configuration, as GetCrawler gives it.

Keeps (docs/aws-behaviour.md 6.3): S3 targets and their exclusions, TablePrefix, TableLevelConfiguration,
SchemaChangePolicy's UpdateBehavior and RecrawlPolicy with their defaults. Leaves out: other targets than S3.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple


class CrawlerState(StrEnum):
    """Where a crawler is."""

    READY = "READY"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"


class CrawlStatus(StrEnum):
    """How a run ended, as the stand-in may report it."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class UpdateBehavior(StrEnum):
    """What becomes of a table that is there already."""

    UPDATE = "UPDATE_IN_DATABASE"
    LOG = "LOG"


class RecrawlBehavior(StrEnum):
    """Which folders a run looks at."""

    EVERYTHING = "CRAWL_EVERYTHING"
    NEW_FOLDERS = "CRAWL_NEW_FOLDERS_ONLY"
    EVENTS = "CRAWL_EVENT_MODE"


class Target(NamedTuple):
    """An S3 target: bucket, key prefix with a slash at its end unless it is empty, exclusion patterns."""

    bucket: str
    folder: str
    exclusions: Sequence[str]


@dataclass(frozen=True)
class CrawlerConfig:
    """One crawler."""

    name: str
    role_arn: str
    database: str
    state: CrawlerState
    targets: Sequence[Target]
    table_prefix: str
    table_level: int | None
    update: UpdateBehavior
    recrawl: RecrawlBehavior

    @property
    def account(self) -> str:
        return self.role_arn.split(":")[4]


def from_description(crawler: Mapping[str, Any]) -> CrawlerConfig:
    """Reads the Crawler of an answer of GetCrawler."""
    policy, recrawl = crawler.get("SchemaChangePolicy") or {}, crawler.get("RecrawlPolicy") or {}
    return CrawlerConfig(
        name=crawler["Name"],
        role_arn=crawler["Role"],
        database=crawler["DatabaseName"],
        state=CrawlerState(crawler["State"]),
        targets=[
            Target(*split_path(target["Path"]), target.get("Exclusions") or [])
            for target in crawler["Targets"].get("S3Targets", [])
        ],
        table_prefix=crawler.get("TablePrefix") or "",
        table_level=table_level(crawler.get("Configuration") or ""),
        update=UpdateBehavior(policy.get("UpdateBehavior", UpdateBehavior.UPDATE)),
        recrawl=RecrawlBehavior(recrawl.get("RecrawlBehavior", RecrawlBehavior.EVERYTHING)),
    )


def split_path(path: str) -> tuple[str, str]:
    """Bucket and key prefix of an s3:// path; the prefix ends in a slash unless it is empty."""
    bucket, _, prefix = path.removeprefix("s3://").partition("/")
    return bucket, prefix if not prefix or prefix.endswith("/") else f"{prefix}/"


def table_level(configuration: str) -> int | None:
    """TableLevelConfiguration of a crawler's Configuration JSON."""
    grouping = (json.loads(configuration) if configuration else {}).get("Grouping") or {}
    level = grouping.get("TableLevelConfiguration")
    return int(level) if level is not None else None
