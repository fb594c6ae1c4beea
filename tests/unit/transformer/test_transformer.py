"""The handler: Firehose's contract, metrics and log, on the events in events/transformer/."""

from __future__ import annotations

import base64
import importlib.util
import json
from types import ModuleType
from typing import Any

import orjson
import pytest

import transformer
from batch_metrics import Batch
from moment import Moment
from tests.template import ROOT
from tests.unit.transformer.rows import EVENTS, assert_valid, change
from transformer_environment import Settings

Event = dict[str, Any]
# event -> the results documented in events/README.md
RESULTS = {
    "insert": ["Ok"],
    "modify": ["Ok"],
    "remove": ["Ok"],
    "expire": ["Ok"],
    "forgotten": ["Ok"],
    "credit": ["Ok"],
    "test-order": ["Dropped"],
    "other-entity": ["Dropped"],
    "broken-price": ["ProcessingFailed"],
    "too-early": ["ProcessingFailed"],
    "poison": ["ProcessingFailed"],
    "mixed": ["Ok", "ProcessingFailed", "Ok", "Dropped", "ProcessingFailed", "Ok", "Ok", "Dropped"],
    "empty": [],
}


def event(name: str) -> Event:
    loaded: Event = json.loads((EVENTS / "transformer" / f"{name}.json").read_text())
    return loaded


def event_of(*changes: Event | bytes) -> Event:
    return {
        "records": [
            {
                "recordId": str(number),
                "data": base64.b64encode(data if isinstance(data, bytes) else orjson.dumps(data)).decode(),
            }
            for number, data in enumerate(changes)
        ]
    }


def metrics_of(output: str) -> list[Event]:
    """The metrics blobs (EMF) among what a handler printed."""
    return [blob for line in output.splitlines() if "_aws" in (blob := json.loads(line))]


@pytest.mark.parametrize("name", RESULTS)
def test_every_event(name: str) -> None:
    sent = event(name)
    answer = transformer.handler(sent, None)["records"]
    assert [record["recordId"] for record in answer] == [record["recordId"] for record in sent["records"]]
    assert [record["result"] for record in answer] == RESULTS[name]
    for record in answer:
        if record["result"] == "Ok":
            row = json.loads(base64.b64decode(record["data"]))
            assert_valid(row)
            assert set(record) == {"recordId", "result", "data"}
        else:
            assert "data" not in record


def test_events_are_those_of_the_changes() -> None:
    spec = importlib.util.spec_from_file_location("encode", EVENTS / "encode.py")
    assert spec
    assert spec.loader
    encode: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(encode)
    assert (
        set(encode.EVENTS) == set(RESULTS) == {path.stem for path in (EVENTS / "transformer").glob("*.json")}
    )
    for name, changes in encode.EVENTS.items():
        assert event(name) == encode.event(changes), f"{name}: run events/encode.py"


def test_the_log_tells_why_without_telling_what(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    transformer.handler(event("mixed"), None)
    (line,) = (
        json.loads(transformer.logger.registered_formatter.format(record)) for record in caplog.records
    )
    assert line["failed"] == {
        "data: must be a JSON object in base64": 1,
        "unit_price: must be a number that fits decimal(18,4)": 1,
    }
    assert len(line["failures"]) == 2
    metrics = metrics_of(capsys.readouterr().out)
    totals = next(blob for blob in metrics if "RecordsOk" in blob)
    assert (totals["RecordsOk"], totals["RecordsDropped"], totals["RecordsFailed"]) == ([4.0], [2.0], [2.0])
    for text in (json.dumps(line), json.dumps(metrics)):
        assert "Ada" not in text
        assert "24.99999" not in text
        assert "@" not in text


def test_reasons_are_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    transformer.handler(event("mixed"), None)
    metrics = metrics_of(capsys.readouterr().out)
    reasons = {(blob["reason"]): blob for blob in metrics if "reason" in blob}
    assert reasons["test"]["RecordsDroppedByReason"] == [1.0]
    assert reasons["entity"]["RecordsDroppedByReason"] == [1.0]
    assert reasons["unit_price: must be a number that fits decimal(18,4)"]["RecordsFailedByReason"] == [1.0]
    assert all(blob["service"] == "transformer" for blob in metrics)
    assert all(blob["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Salescast" for blob in metrics)


def test_attributes_outside_the_contract_are_counted_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    changed = change("insert")
    changed["dynamodb"]["NewImage"] |= {"gift_note": {"S": "for Ada"}, "colour": {"S": "red"}}
    transformer.handler(event_of(changed, changed), None)
    metrics = metrics_of(capsys.readouterr().out)
    unknown = {
        blob["attribute"]: blob["UnknownAttributes"] for blob in metrics if "UnknownAttributes" in blob
    }
    assert unknown == {"gift_note": [2.0], "colour": [2.0]}
    assert "for Ada" not in json.dumps(metrics)


def young(name: str, batch: Batch, **attributes: Any) -> Event:
    """The change ``name``, written just now."""
    changed = change(name)
    for image in ("NewImage", "OldImage"):
        if image in changed["dynamodb"]:
            changed["dynamodb"][image] |= {
                "updated_ts": {"S": batch.moment.processed_ts},
                "order_ts": {"S": batch.moment.processed_ts},
            }
    changed["dynamodb"].get("NewImage", {}).update(attributes)
    return changed


@pytest.mark.parametrize(
    ("name", "attributes", "revenue"),
    [
        ("insert", {}, "67.47"),
        ("insert", {"status": {"S": "CANCELLED"}}, None),
        ("modify", {}, None),
        ("modify", {"status": {"S": "RETURNED"}}, "-67.47"),
        ("modify", {"quantity": {"N": "4"}}, "24.99"),
        ("remove", {}, "-67.47"),
        ("expire", {}, None),
        ("credit", {}, "-27.5"),
    ],
)
def test_net_revenue_is_new_minus_old(name: str, attributes: Event, revenue: str | None) -> None:
    batch = Batch(Moment(Settings()))
    transformer.transform(event_of(young(name, batch, **attributes))["records"], batch)
    assert batch.ok == 1
    assert {currency: str(amount) for currency, amount in batch.net_revenue.items()} == (
        {} if revenue is None else {"GBP": revenue}
    )


def test_old_changes_bring_no_revenue() -> None:
    batch = Batch(Moment(Settings()))
    old = change("insert")
    old["dynamodb"]["NewImage"]["updated_ts"] = {"S": batch.young}
    transformer.transform(event_of(old)["records"], batch)
    assert (batch.ok, batch.net_revenue) == (1, {})


def test_the_response_stays_below_six_megabytes() -> None:
    """Rows are larger than very small changes, so a full batch could outgrow the limit; what does not fit
    fails.
    """
    long_name = change("insert")
    long_name["dynamodb"]["NewImage"]["product_name"] = {"S": "x" * 300_000}
    sent = event_of(*[long_name] * 18, *[change("insert")] * 2)
    assert len(json.dumps(sent)) > 6_291_556
    answer = transformer.handler(sent, None)
    results = [record["result"] for record in answer["records"]]
    assert len(json.dumps(answer)) < 6_291_556
    assert results.count("Ok") >= 14
    assert results[-2:] == ["Ok", "Ok"]
    assert set(results) == {"Ok", "ProcessingFailed"}


def test_many_tiny_records_stay_below_six_megabytes() -> None:
    sent = event_of(*[b"{}"] * 40_000)
    assert len(json.dumps(transformer.handler(sent, None))) < 6_291_556


@pytest.mark.parametrize("data", ["", "!!!", "bnVsbA==", "W10=", "äöü", None, 5, "eyJ0ZXN0Ijo="])
def test_data_that_is_no_change(data: Any) -> None:
    answer = transformer.handler({"records": [{"recordId": "1", "data": data}]}, None)
    assert answer == {"records": [{"recordId": "1", "result": "ProcessingFailed"}]}


def test_a_record_without_data() -> None:
    assert (
        transformer.handler({"records": [{"recordId": "1"}]}, None)["records"][0]["result"]
        == "ProcessingFailed"
    )


@pytest.mark.parametrize(
    "wrong", [None, [], "records", {}, {"records": None}, {"records": {}}, {"Records": []}]
)
def test_an_event_that_is_not_firehoses_raises(wrong: Any) -> None:
    with pytest.raises(transformer.EventError, match=r"^records: must be a list; send "):
        transformer.handler(wrong, None)


def test_deeply_nested_json() -> None:
    nested = b'{"dynamodb":' * 5000 + b"1" + b"}" * 5000
    assert transformer.handler(event_of(nested), None)["records"][0]["result"] == "ProcessingFailed"
    twin = change("modify")
    deep: Any = 1
    for _ in range(400):
        deep = {"M": deep}
    for image in ("NewImage", "OldImage"):
        twin["dynamodb"][image]["test"] = deep
    assert (
        transformer.handler(event_of(json.dumps(twin).encode()), None)["records"][0]["result"]
        == "ProcessingFailed"
    )


def test_the_readme_of_the_events_lists_every_event() -> None:
    text = (EVENTS / "README.md").read_text()
    for name, results in RESULTS.items():
        assert f"| transformer/{name}.json |" in text, name
        summary = ", ".join(results) or "no records"
        assert f"| {summary} |" in text, name
    assert (ROOT / "events").is_dir()


@pytest.mark.parametrize("price", ["NaN", "sNaN", "Infinity", "1E+999999", "free", [], None, {"N": "1"}])
def test_an_old_image_that_cannot_be_priced_hurts_nobody(
    price: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = Batch(Moment(Settings()))
    changed = young("modify", batch)
    changed["dynamodb"]["OldImage"]["unit_price"] = {"N": price}
    answer = transformer.handler(event_of(changed, change("insert")), None)
    assert [record["result"] for record in answer["records"]] == ["Ok", "Ok"]
    assert "NaN" not in capsys.readouterr().out
