"""What the texts of options mean."""

from datetime import UTC, datetime, timedelta

import pytest

from salescast.cli import arguments
from salescast.cli.arguments import UsageError

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_instants() -> None:
    assert arguments.instant("--since", "2026-11-20T12:00") == NOON
    assert arguments.instant("--since", "2026-11-20T13:00+01:00") == NOON
    with pytest.raises(UsageError, match="--since 'noon'"):
        arguments.instant("--since", "noon")


def test_pairs() -> None:
    assert arguments.pairs(["a=1", "b=x=y", "c="], "a=1") == {"a": "1", "b": "x=y", "c": ""}
    with pytest.raises(UsageError, match="'=1' is not NAME=VALUE; write for example a=1"):
        arguments.pairs(["=1"], "a=1")


def test_past_days_end_where_the_user_says_or_yesterday() -> None:
    event = arguments.backfill(3, end="2026-03-01", orders=5)
    assert event == {"action": "backfill", "start": "2026-02-27", "end": "2026-03-01", "orders": 5}
    before = datetime.now(UTC).date()
    event = arguments.backfill(2)
    ends = {(day - timedelta(days=1)).isoformat() for day in (before, datetime.now(UTC).date())}
    assert event["end"] in ends, "the test may run over midnight"
    assert "orders" not in event
