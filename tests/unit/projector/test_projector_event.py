"""Events: what is understood, and what is said about the rest."""

import datetime as dt
import json
import re
from typing import Any

import pytest

import projector_event
from projector_event import EventError, Request
from tests.template import ROOT, template

TODAY = dt.date(2026, 11, 20)


def test_everything_is_optional() -> None:
    assert projector_event.read({}, TODAY) == Request(date=None, horizon=28, series=(), publish=True)
    event = {"date": "2026-11-19", "horizon": 90, "series": ["total"], "publish": False}
    request = projector_event.read(event, TODAY)
    assert (request.date, request.horizon) == (dt.date(2026, 11, 19), 90)
    assert (request.series, request.publish) == (("total",), False)


@pytest.mark.parametrize(
    "planned", ["[]", '[{"name": "offer", "first": "2026-11-27", "last": "2026-11-30"}]']
)
def test_what_the_scheduler_sends_is_understood(planned: str) -> None:
    declared = template()
    sent = declared["Resources"]["ProjectorDaily"]["Properties"]["Target"]["Input"]["Fn::Sub"]
    pattern = declared["Parameters"]["PlannedEvents"]["AllowedPattern"]
    assert re.match(pattern, planned)
    request = projector_event.read(json.loads(sent.replace("${PlannedEvents}", planned)), TODAY)
    assert len(request.events) == len(json.loads(planned))


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"date": "2026-11-31"}, "date: must be a date such as 2026-11-20"),
        ({"date": 5}, "date: must be a date such as 2026-11-20"),
        ({"date": "2026-11-21"}, "date: 2026-11-21 has not come yet; the last run date is 2026-11-20"),
        ({"horizon": 91}, "horizon: must be a whole number of days, 1 to 90"),
        ({"horizon": True}, "horizon: must be a whole number"),
        ({"series": "total"}, 'series: must be a list such as ["total", "country:France"]'),
        ({"series": [5]}, "series: must be a list"),
        ({"publish": "no"}, "publish: must be true or false"),
        ({"events": [{"name": "offer"}]}, 'events: must be a list such as [{"name": "offer", "first":'),
        ({"events": [{"name": "offer", "first": "soon"}]}, "events: must be a list"),
        ({"days": 5}, "days: is not a field of the event; there are date, events, horizon, publish, series"),
        (None, "event: must be an object such as"),
        ([], "event: must be an object such as"),
        ("today", "event: must be an object such as"),
    ],
)
def test_a_wrong_event_names_field_and_remedy(event: Any, message: str) -> None:
    with pytest.raises(EventError) as caught:
        projector_event.read(event, TODAY)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("path", sorted((ROOT / "events" / "projector").glob("*.json")), ids=lambda p: p.stem)
def test_event_files(path: Any) -> None:
    """Files named invalid-* name the field that is wrong; all others are understood."""
    event, today = json.loads(path.read_text()), dt.datetime.now(dt.UTC).date()
    if not path.stem.startswith("invalid-"):
        projector_event.read(event, today)
        return
    with pytest.raises(EventError) as caught:
        projector_event.read(event, today)
    assert caught.value.field == path.stem.removeprefix("invalid-")
