"""A query that nobody waits for any more is stopped."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from salescast.stack.errors import SalescastError
from salescast.stack.services import athena
from salescast.stack.stack import Stack


class Athena:
    """Runs one query; each look at it gives the next state, or raises what stands for it."""

    def __init__(self, *looks: str | BaseException, stops: bool = True) -> None:
        self.looks, self.stops = list(looks), stops
        self.stopped: list[str] = []

    def start_query_execution(self, **_: Any) -> dict[str, str]:
        return {"QueryExecutionId": "q-1"}

    def get_query_execution(self, **_: Any) -> dict[str, Any]:
        look = self.looks.pop(0)
        if isinstance(look, BaseException):
            raise look
        return {"QueryExecution": {"Status": {"State": look, "StateChangeReason": "no such table\nat 1:1"}}}

    def stop_query_execution(self, **request: str) -> None:
        self.stopped.append(request["QueryExecutionId"])
        if not self.stops:
            raise denied("StopQueryExecution")


def denied(operation: str) -> ClientError:
    return ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, operation)


def run(service: Athena) -> None:
    stack = SimpleNamespace(athena=service, output=lambda name: name)
    athena.run(cast(Stack, stack), "SELECT 1")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)


@pytest.mark.parametrize("stops", [True, False])
def test_an_interrupt_stops_the_query(stops: bool) -> None:
    service = Athena("QUEUED", "RUNNING", KeyboardInterrupt(), stops=stops)
    with pytest.raises(KeyboardInterrupt):
        run(service)
    assert service.stopped == ["q-1"]


def test_an_interrupt_in_a_pause_stops_the_query(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupt)
    service = Athena("RUNNING")
    with pytest.raises(KeyboardInterrupt):
        run(service)
    assert service.stopped == ["q-1"]


def test_a_look_that_fails_stops_the_query() -> None:
    service = Athena("RUNNING", denied("GetQueryExecution"))
    with pytest.raises(ClientError, match="GetQueryExecution"):
        run(service)
    assert service.stopped == ["q-1"]


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_a_query_that_has_ended_is_not_stopped(state: str) -> None:
    service = Athena("RUNNING", state)
    with pytest.raises(SalescastError, match=f"^the query {state.lower()}: no such table$"):
        run(service)
    assert service.stopped == []
