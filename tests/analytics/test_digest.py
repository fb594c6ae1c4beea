"""The digest of a day says what the shop's own tables say."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from polars import col, lit

from salescast.reports import digest
from tests.analytics.figures import money, total
from tests.shop import LOW, Shop


def test_a_digest_is_what_the_shop_says(shop: Shop) -> None:
    yesterday = shop.today - timedelta(days=1)
    found = digest.gather(shop.stack)
    assert (found.day, found.currency) == (yesterday, "GBP")
    mine = shop.orders.filter(currency="GBP")
    for sold, days in ((found.yesterday, 1), (found.week, 7)):
        last = yesterday
        for orders, revenue in (
            (sold.orders, sold.net_revenue),
            (sold.orders_before, sold.net_revenue_before),
        ):
            first = last - timedelta(days=days - 1)
            there = mine.filter(col("order_date").is_between(lit(first.isoformat()), lit(last.isoformat())))
            assert (orders, revenue) == (there.height, money(total(there["net"])))
            last -= timedelta(days=7)
    gained = [one.net_revenue - one.net_revenue_before for one in found.up]
    lost = [one.net_revenue - one.net_revenue_before for one in found.down]
    assert gained == sorted(gained, reverse=True)
    assert lost == sorted(lost)
    assert all(one > 0 for one in gained)
    assert all(one < 0 for one in lost)
    assert set(LOW) <= {need.product_id for need in found.to_order}
    assert found.failed == 0


def test_the_command_writes_it_as_json_and_as_a_page(shop: Shop, tmp_path: Path) -> None:
    page = tmp_path / "digest.html"
    command = [
        str(Path(sys.executable).with_name("salescast")),
        *("digest", "--json", "--html", str(page), "--state", str(shop.stack.state.folder)),
    ]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert answer["day"] == (shop.today - timedelta(days=1)).isoformat()
    assert "The day: " in page.read_text()
