"""Silence is an alarm: each stage that stands still raises one, on what a shop of three days writes.

`recorded/writes.json` has what the generator writes at its default rate. What the stages behind make of it is
played with the lags they have; from `BREAK` on one of them does nothing, and says nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from tests.contract.alarm_math import Recorded, Series, raised
from tests.template import resources, template

ALARMS = resources("AWS::CloudWatch::Alarm")
PER_HOUR, PER_DAY = 12, 288
BREAK = PER_DAY + 9 * PER_HOUR + 5  # the second day at 09:25
WRITES = [
    float(count)
    for count in json.loads((Path(__file__).parent / "recorded/writes.json").read_text())["writes"]
]

WRITTEN = ("AWS/DynamoDB", "ConsumedWriteCapacityUnits")
EVENTS = ("AWS/EventBridge/Pipes", "EventCount")
INCOMING = ("AWS/Kinesis", "IncomingRecords")
READ = ("AWS/Firehose", "DataReadFromKinesisStream.Records")
FRESHNESS = ("AWS/Firehose", "DeliveryToS3.DataFreshness")
SNAPSHOTS, OLDEST = ("Salescast", "ProductsStored"), ("Salescast", "OldestArrival")
PROJECTIONS = ("Salescast", "SeriesProjected")
DROPPED = ("AWS/Scheduler", "InvocationDroppedCount")
Day = dict[tuple[str, str], Series]


def sent(values: list[float]) -> Series:
    """Services send a metric when there is something to tell."""
    return [value or None for value in values]


def healthy(writes: list[float] = WRITES) -> Day:
    """What CloudWatch has of a stack that is well; a sixtieth of each period's changes comes in the next."""
    late = [now - now // 60 + before // 60 for before, now in pairwise([0.0, *writes])]
    hours = range(len(writes))
    return {
        WRITTEN: sent(writes),
        EVENTS: sent(late),
        INCOMING: sent(late),
        READ: sent(late),
        FRESHNESS: [70.0 if count else None for count in late],
        SNAPSHOTS: [30.0 if at and at % PER_HOUR == 0 else None for at in hours],
        OLDEST: [40_000.0 if at and at % PER_HOUR == 0 else None for at in hours],
        PROJECTIONS: [31.0 if at % PER_DAY == 6 else None for at in hours],
    }


def silent(*metrics: tuple[str, str]) -> Callable[[], Day]:
    """From BREAK on nothing is heard of these."""

    def day() -> Day:
        return {
            key: [None if key in metrics and at >= BREAK else value for at, value in enumerate(series)]
            for key, series in healthy().items()
        }

    return day


def growing(metric: tuple[str, str], seconds: float, *others: tuple[str, str]) -> Callable[[], Day]:
    """From BREAK on it grows by `seconds` with every period, and nothing is heard of the others."""

    def day() -> Day:
        playing = silent(*others)()
        grown = [
            value if value is None or at < BREAK else value + (at - BREAK) * seconds
            for at, value in enumerate(playing[metric])
        ]
        return playing | {metric: grown}

    return day


def dropping() -> Day:
    return silent(SNAPSHOTS, OLDEST)() | {
        DROPPED: [float(at >= BREAK and at % PER_HOUR == 0) or None for at in range(len(WRITES))]
    }


# Stage: the alarm that its silence raises, how it falls silent, and the hours until the alarm at the most.
STAGES: dict[str, tuple[str, Callable[[], Day], float]] = {
    "the schedules start nothing": ("ScheduleDroppedAlarm", dropping, 1.1),
    "the Pipe is disabled": ("PipeSilentAlarm", silent(EVENTS, INCOMING, READ, FRESHNESS), 0.5),
    "Firehose reads nothing": ("DeliverySilentAlarm", silent(READ, FRESHNESS), 0.5),
    "Firehose reads and delivers nothing": ("FreshnessAlarm", growing(FRESHNESS, 300), 0.5),
    "the job does not run": ("OldArrivalsAlarm", growing(OLDEST, 3600), 8),
    "no snapshot is taken": ("SnapshotSilentAlarm", silent(SNAPSHOTS, OLDEST), 4),
    "no projection is made": ("ProjectorSilentAlarm", silent(PROJECTIONS), 27),
}
THRESHOLDS = {
    name: float(template()["Parameters"][alarm["Threshold"]["Ref"]]["Default"])
    for name, alarm in ALARMS.items()
    if isinstance(alarm["Threshold"], dict)
}


def minutes(name: str, recorded: Recorded) -> list[int]:
    return raised(ALARMS[name], recorded, THRESHOLDS.get(name))


@pytest.mark.parametrize("stage", STAGES)
def test_silence_raises_the_alarm_of_its_stage(stage: str) -> None:
    name, play, hours = STAGES[stage]
    when = minutes(name, play())
    assert when, f"{stage}: {name} stays silent too"
    begin = BREAK * 5 - (24 * 60 if name == "ProjectorSilentAlarm" else 0)  # the last one came at 00:30
    assert BREAK * 5 - 9 * 60 < when[0] <= BREAK * 5 + hours * 60, when[0]
    assert begin < when[0]


def test_a_healthy_stack_raises_none_of_them() -> None:
    for name, *_ in STAGES.values():
        assert minutes(name, healthy()) == [], name


def test_an_idle_stack_raises_none_of_them() -> None:
    idle = healthy([0.0] * len(WRITES))
    for name, *_ in STAGES.values():
        assert minutes(name, idle) == [], name


def test_a_few_orders_a_day_raise_none_of_them_even_when_they_cross_a_period() -> None:
    """Written at the end of a period, passed on at the beginning of the next."""
    few = [1.0 if at % (2 * PER_HOUR) == 0 else 0.0 for at in range(len(WRITES))]
    later: Series = [None, *sent(few)[:-1]]
    recorded = healthy(few) | {WRITTEN: sent(few), EVENTS: later, INCOMING: later, READ: later}
    for name, *_ in STAGES.values():
        assert minutes(name, recorded) == [], name


def test_a_new_stack_raises_none_of_them() -> None:
    """Deployed at 10:20, with orders at once; the first snapshot at 11:00, the first projection at 00:30."""
    begin = 10 * PER_HOUR + 4
    new = {
        key: [None if at < begin else value for at, value in enumerate(series)]
        for key, series in healthy().items()
    }
    for name, *_ in STAGES.values():
        assert minutes(name, new) == [], name


@pytest.mark.no_cover
def test_the_newest_period_may_lack_what_is_on_its_way() -> None:
    """FILL takes what CloudWatch does not have yet for nothing."""
    recorded = healthy()
    for end in range(PER_DAY, 2 * PER_DAY):
        cut: Day = {key: [*series[:end], None] for key, series in recorded.items()}
        cut[WRITTEN] = recorded[WRITTEN][: end + 1]
        cut[INCOMING] = recorded[INCOMING][: end + 1]
        for name in ("PipeSilentAlarm", "DeliverySilentAlarm"):
            assert minutes(name, cut) == [], (name, end)


def test_the_runbook_lists_the_stages() -> None:
    """docs/operations.md says of each stage which alarm its silence raises, in this order."""
    text = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    section = text.split("\n## When a stage is silent\n")[1].split("\n## ")[0]
    rows = [row.split("|")[1:3] for row in section.splitlines() if row.startswith("| ") and "[" in row]
    listed = [(stage.strip(), alarm.strip()) for stage, alarm in rows]
    assert listed == [(stage, f"[{name}](#{name.lower()})") for stage, (name, *_) in STAGES.items()]
