"""Calling a function and reading what it answers."""

import io
import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from salescast.functions import project, snapshot
from salescast.functions.invoke import invoke
from salescast.stack.errors import SalescastError
from salescast.stack.retry import ATTEMPTS
from salescast.stack.stack import Stack


class Functions:
    """Lambda with one function: what it answers to each call, or how the call fails."""

    def __init__(self, *answers: Any, error: bool = False) -> None:
        self.answers, self.error = list(answers), error
        self.calls: list[tuple[str, Any]] = []

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        self.calls.append((FunctionName, json.loads(Payload)))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        body = b"" if answer is None else json.dumps(answer).encode()
        return {"Payload": io.BytesIO(body)} | ({"FunctionError": "Unhandled"} if self.error else {})


def stack(functions: Functions) -> Stack:
    return cast(Stack, SimpleNamespace(output=lambda name: name, invocations=functions))


def failed(functions: Functions) -> str:
    with pytest.raises(SalescastError) as caught:
        invoke(stack(functions), "baker", {}, key="bread", failure="no bread")
    return str(caught.value)


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Invoke")


def test_the_answer_is_handed_on() -> None:
    functions = Functions({"bread": 1})
    assert invoke(stack(functions), "baker", {"loaves": 1}, key="bread", failure="") == {"bread": 1}
    assert functions.calls == [("BakerFunction", {"loaves": 1})]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ({"errorType": "KeyError", "errorMessage": "'flour'\nline 2"}, "no bread: KeyError 'flour'"),
        ({"errorType": "OvenError", "errorMessage": "the oven is cold"}, "no bread: the oven is cold"),
        ({"errorType": "OvenError"}, "no bread: OvenError"),
        (
            {"errorMessage": "Task timed out after 3.00 seconds"},
            "no bread: Task timed out after 3.00 seconds",
        ),
        ("out of memory", "no bread: out of memory"),
    ],
)
def test_a_failure_is_its_reason_in_one_line(error: Any, text: str) -> None:
    assert failed(Functions(error, error=True)) == text


def test_a_refused_event_is_said() -> None:
    error = {"errorType": "EventError", "errorMessage": "loaves: must be few"}
    assert failed(Functions(error, error=True)) == "the baker refuses the event: loaves: must be few"


@pytest.mark.parametrize("answer", [None, [1], "bread", {}, {"cake": 1}])
def test_another_answer_names_the_remedy(answer: Any) -> None:
    assert failed(Functions(answer)) == f"the baker answered {answer!r}; deploy the current src/baker"


def test_a_call_that_was_not_let_in_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    busy = refused("TooManyRequestsException")
    functions = Functions(busy, busy, {"bread": 1})
    assert invoke(stack(functions), "baker", {}, key="bread", failure="") == {"bread": 1}
    functions = Functions(*[busy] * 99)
    with pytest.raises(ClientError, match="TooManyRequests"):
        invoke(stack(functions), "baker", {}, key="bread", failure="")
    assert len(functions.calls) == ATTEMPTS


@pytest.mark.parametrize("error", [refused("ServiceException"), ReadTimeoutError(endpoint_url="lambda")])
def test_a_call_that_may_have_run_is_not_sent_again(error: Exception) -> None:
    functions = Functions(error, {"bread": 1})
    with pytest.raises(type(error)):
        invoke(stack(functions), "baker", {}, key="bread", failure="")
    assert len(functions.calls) == 1


def test_projector_and_snapshot_are_called_so() -> None:
    functions = Functions({"projections": []}, {"key": "inventory/x"})
    assert project.run(stack(functions), {"series": ["total"]}) == {"projections": []}
    assert snapshot.take(stack(functions)) == {"key": "inventory/x"}
    assert functions.calls == [("ProjectorFunction", {"series": ["total"]}), ("SnapshotFunction", {})]
