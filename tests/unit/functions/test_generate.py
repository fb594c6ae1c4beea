"""Driving the generator."""

import io
import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from salescast.functions import generate
from salescast.stack.errors import SalescastError
from salescast.stack.stack import Stack


def stack(*answers: Any, error: bool = False) -> tuple[Stack, list[dict[str, Any]]]:
    """A stack whose generator gives these answers, and the events that it gets."""
    events: list[dict[str, Any]] = []
    left = list(answers)

    def invoke(**request: Any) -> dict[str, Any]:
        events.append(json.loads(request["Payload"]))
        answer = {"Payload": io.BytesIO(json.dumps(left.pop(0)).encode())}
        return answer | ({"FunctionError": "Unhandled"} if error else {})

    made = SimpleNamespace(
        output=lambda name: name, parameters={}, invocations=SimpleNamespace(invoke=invoke)
    )
    return cast(Stack, made), events


BACKFILL = {"action": "backfill", "start": "2026-01-01", "end": "2026-01-10", "orders": 30}


def test_a_backfill_goes_on_until_it_is_done() -> None:
    resume = {"date": "2026-01-06", "basket": 3}
    target, events = stack(
        {"inserted": 10, "changed": 4, "done": False, "resume": resume},
        {"inserted": 20, "changed": 6, "removed": 1, "repeated": 2, "done": True},
    )
    shares: list[float] = []
    done = generate.run(target, BACKFILL, lambda _, share: shares.append(share))
    assert (done.inserted, done.changed, done.removed, done.repeated) == (30, 10, 1, 2)
    assert done.changes == 41
    assert events == [BACKFILL, BACKFILL | {"resume": resume}]
    assert shares == [0.5, 1.0]


def test_a_tick_is_sent_again_until_it_is_done() -> None:
    tick = {"action": "tick", "time": "2026-01-01T00:00:00Z"}
    target, events = stack(
        {"inserted": 1, "done": False, "left": {"orders": 2}}, {"inserted": 2, "done": True}
    )
    assert generate.run(target, tick).inserted == 3
    assert events == [tick, tick]


def test_a_generator_that_stands_still_is_given_up() -> None:
    target, _ = stack(*[{"done": False, "resume": {"date": "2026-01-01"}}] * 50)
    with pytest.raises(SalescastError, match="no progress"):
        generate.run(target, BACKFILL)


def test_a_refusal_is_one_line() -> None:
    target, _ = stack(
        {"errorType": "EventError", "errorMessage": "end: is in the future; give 2026-01-09 or earlier"},
        error=True,
    )
    with pytest.raises(
        SalescastError, match=r"^the generator refuses the event: end: is in the future; give"
    ):
        generate.run(target, BACKFILL)


def test_a_failure_is_one_line() -> None:
    target, _ = stack({"errorType": "KeyError", "errorMessage": "'x'\nmore"}, error=True)
    with pytest.raises(SalescastError, match=r"^the generator failed: KeyError 'x'$"):
        generate.run(target, BACKFILL)


def test_live_without_a_rate_keeps_to_the_stacks_own() -> None:
    target, events = stack({"inserted": 1, "done": True})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("salescast.functions.generate.time.sleep", lambda seconds: None)
        generate.live(target, None, 1)
    assert events[0].keys() == {"action", "time", "from_second", "to_second"}


def test_live_asks_for_each_second_once() -> None:
    target, events = stack({"inserted": 3, "done": True}, {"inserted": 4, "done": True})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("salescast.functions.generate.time.sleep", lambda seconds: None)
        done = generate.live(target, 5, 2)
    assert done.inserted == 7
    assert all(event["orders_per_second"] == 5 and event["action"] == "tick" for event in events)
    seconds = [event["from_second"] for event in events]
    assert (seconds[0] + 1) % 60 == seconds[1]
    assert all(event["to_second"] == event["from_second"] + 1 for event in events)
    assert events[0]["time"].endswith(":00Z")
