"""What failed records are about."""

import base64
import json
from typing import Any

import pytest

from salescast.integrity.failures import Failures, _change


def record(name: str = "MODIFY", version: str | None = "3") -> dict[str, Any]:
    image = {"order_id": {"S": "a"}} | ({"version": {"N": version}} if version else {})
    images = {"OldImage": image} if name == "REMOVE" else {"NewImage": image}
    return {"eventName": name, "dynamodb": {"Keys": {"order_id": {"S": "a"}}, **images}}


def test_a_change() -> None:
    failures = Failures()
    failures.add(record())
    assert failures.changes == {("a", 3)}
    assert failures.removals == set()


def test_a_removal() -> None:
    failures = Failures()
    failures.add(record("REMOVE"))
    assert failures.changes == set()
    assert failures.removals == {"a"}


def test_a_change_without_version() -> None:
    failures = Failures()
    failures.add(record(version=None))
    assert failures.orders == {"a"}
    assert failures.changes == set()


def test_a_row_that_was_not_converted() -> None:
    failures = Failures()
    failures.add({"order_id": "a", "version": 2, "change_type": "MODIFY"})
    failures.add({"order_id": "b", "version": 2, "change_type": "REMOVE"})
    assert failures.changes == {("a", 2)}
    assert failures.removals == {"b"}


@pytest.mark.parametrize("change", [None, [], "text", {}, {"dynamodb": {}}, {"dynamodb": None}, 5])
def test_what_names_no_order_is_counted(change: Any) -> None:
    failures = Failures()
    failures.add(change)
    assert failures.unreadable == 1


def test_error_lines() -> None:
    data = base64.b64encode(json.dumps(record()).encode()).decode()
    assert _change(json.dumps({"rawData": data}).encode()) == record()
    for line in (b"", b"{", b"{}", b"[]", b'{"rawData": "%%%"}', b'{"rawData": "AAAA"}', b'{"rawData": 5}'):
        assert _change(line) is None
