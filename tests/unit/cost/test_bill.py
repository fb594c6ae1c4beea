"""The bill: what moves it, what the designs cost beside each other, and that the pages say the same."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from salescast.cost import bill as module
from salescast.cost.bill import DESIGNS, bill, shards
from salescast.cost.prices import prices
from salescast.cost.scale import RATES, binding, hops
from salescast.cost.usage import ALARM_METRICS, Usage
from tests.template import ROOT, resources
from tools import costs_page

CASES = [Usage.of_orders(120).watched(), Usage(1e6).watched(), Usage(1e8).watched()]


def items(design: str, usage: Usage) -> dict[str, float]:
    return {line.item: line.usd for line in bill(usage, design).lines}


@pytest.mark.parametrize("usage", CASES, ids=lambda usage: f"{usage.changes:,.0f}")
@pytest.mark.parametrize("queries", [100, 1_000, 10_000])
def test_a_million_changes_cost_at_most_half_of_what_they_cost_built_naively(
    usage: Usage, queries: int
) -> None:
    asked = replace(usage, queries=queries)
    assert bill(asked).per_million <= bill(asked, "naive").per_million / 2


def test_the_difference_is_in_small_objects_and_the_crawler() -> None:
    usage = CASES[1]
    naive, default = items("naive", usage), items("default", usage)
    gone = {item: usd - default.get(item, 0.0) for item, usd in naive.items() if usd > default.get(item, 0.0)}
    assert set(gone) == {
        *("Firehose, dynamic partitioning", "S3, objects written"),
        *("Glue, crawler every hour", "S3, objects read by queries"),
    }


def test_an_idle_stack_pays_for_its_stream_and_a_provisioned_one_less() -> None:
    idle = Usage(0, queries=0, dashboard_hours=0, job_runs=0).watched()
    assert bill(idle).usd == bill(idle).fixed
    assert bill(idle).per_million == 0
    assert items("default", idle)["Kinesis, on demand"] == pytest.approx(29.2)
    assert bill(idle, "provisioned").usd < bill(idle).usd


def test_a_record_is_billed_by_whole_units() -> None:
    small, large = Usage(1e6, change_bytes=1_700), Usage(1e6, change_bytes=5_121)
    firehose = "Firehose, ingest and conversion"
    assert items("default", small)[firehose] == pytest.approx(5 * 1024 * 1e6 / 1e9 * (0.029 + 0.018))
    assert items("default", large)[firehose] == pytest.approx(2 * items("default", small)[firehose])
    writes = "DynamoDB, writes"
    assert items("default", small)[writes] == pytest.approx(2 * 0.625)
    assert items("default", replace(small, item_bytes=1_100))[writes] == pytest.approx(4 * 0.625)


def test_a_busy_stream_needs_shards() -> None:
    assert shards(CASES[0]) == 1
    assert shards(Usage(1e10)) > 8


def test_a_longer_interval_writes_fewer_objects() -> None:
    often, seldom = (Usage(1e8, delivery_interval=seconds) for seconds in (60, 600))
    item = "S3, objects written"
    assert items("default", seldom)[item] < items("default", often)[item]


def test_every_price_is_used_and_says_where_it_is_from() -> None:
    source = Path(module.__file__).read_text()
    asked = set(re.findall(r'price\["(\w+)"\]', source))
    listed = prices()
    assert asked == set(listed.of)
    assert re.fullmatch(r"20\d\d-\d\d", listed.looked_up)
    for price in listed.of.values():
        assert price.usd > 0
        assert price.source


def test_the_alarms_are_the_templates() -> None:
    metrics = 0
    for alarm in resources("AWS::CloudWatch::Alarm").values():
        metrics += sum("MetricStat" in one for one in alarm.get("Metrics", [])) or 1
    assert metrics == ALARM_METRICS


def test_the_pages_are_what_the_model_says() -> None:
    """`make docs-costs` writes them."""
    assert costs_page.COSTS.read_text() == costs_page.costs()
    assert costs_page.SCALE.read_text() == costs_page.scale()
    assert (ROOT / "docs" / "scale.md") == costs_page.SCALE


def test_more_binds_at_a_higher_rate_and_nothing_at_ten_a_second() -> None:
    names = [{hop.name for hop in binding(rate)} for rate in RATES]
    assert names[0] == set()
    assert all(lower <= higher for lower, higher in pairwise(names))
    assert "Kinesis stream" in names[2]


def test_every_limit_can_be_raised_and_says_how() -> None:
    for hop in hops():
        assert 0 < hop.limit < hop.raised, hop.name
        assert hop.remedy


def test_designs_have_names_of_their_own() -> None:
    assert len({bill(CASES[1], design).usd for design in DESIGNS}) == len(DESIGNS)
