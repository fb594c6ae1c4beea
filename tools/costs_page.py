"""Writes docs/costs.md and docs/scale.md from the model and the price table: `make docs-costs`."""

from __future__ import annotations

import sys

from salescast.cost.bill import DESIGNS, Bill, bill
from salescast.cost.prices import prices
from salescast.cost.scale import RATES, binding, hops
from salescast.cost.usage import CHANGES_PER_ORDER, HOURS, Usage
from salescast.stack.state import PROJECT

COSTS, SCALE = PROJECT / "docs" / "costs.md", PROJECT / "docs" / "scale.md"
CASES = {
    "A shop of 120 order lines an hour": Usage.of_orders(120),
    "One million changes a month": Usage(1e6),
    "A hundred million changes a month": Usage(1e8),
}
COSTS_HEAD = """\
# What it costs

`make docs-costs` writes this page from `salescast/cost`: list prices of {region} in US dollars, looked
up in {looked_up} (`prices.json` has each with its source; a star rests on one source only). Check them
before you rely on a figure. Free tiers are left out. For a stack of your own, or other figures:

    .venv/bin/salescast cost --stack salescast
    .venv/bin/salescast cost --orders-per-hour 120 --queries 100

The first reads rates and sizes in the stack's lake. An order line has {per_order} changes on average, a
change with both images {bytes:,.0f} bytes. People ask {queries:,.0f} queries a month, each of
{days:.0f} days; the web dashboard is open at *Now* for {hours:.0f} hours, with four queries a minute.

## The ways to build it

| built as | what it is |
|---|---|
| default | the template as it is |
| provisioned | with `StreamMode=PROVISIONED`: as many shards as twice the mean rate needs, one as a rule |
| naive | as tutorials do: Firehose partitions by order date, nothing merges its objects, an hourly crawler |
| zero-etl | DynamoDB's integration with an Iceberg table: the state alone, no log, no checks, an hour late |

**What made the difference.** An earlier version of this project partitioned by order date too: some
200,000 objects for a million changes, which every query of four weeks had to open. Arrivals in one
prefix and a job that merges them ([decision 4](decisions/0004-arrivals-and-iceberg.md)) took that away,
and with it the crawler. What is left of the bill is the stream's floor, which `StreamMode=PROVISIONED`
takes down. It is one shard, which you split yourself when the shop grows; more than half of its price
is for keeping changes seven days (`StreamRetentionHours=24` spares that, and the time to mend Firehose).
"""
SCALE_HEAD = """\
# How far it goes

`make docs-costs` writes this page from `salescast/cost/scale.py`, a model of documented quotas and
measured sizes; nothing here was run at these rates on AWS. A laptop of two cores delivers 1,548 orders
a second, and 651 changes a second of orders that have lives ([measured](architecture.md#speed)).

## Where each hop ends

| hop | what binds | changes a second as it comes | as it can be had | how |
|---|---|---:|---:|---|
"""
AT_A_RATE = """
## At a rate

| changes a second | a month | what binds first, then | USD a month |
|---:|---:|---|---:|
"""
SCALE_END = """
The bill is [that of the default](costs.md), with 1,000 queries a month over all 28 days. The job has
two workers and an hour (`NumberOfWorkers`, `Timeout` in the template); how many changes it merges in it
on Glue is not measured. One Firehose stream reads one Kinesis stream and grows with its shards. Beyond
the limits of one stream of either kind, split the table: the pipeline has no state across orders, and
the views can read several logs.
"""


def costs() -> str:
    """docs/costs.md."""
    listed, usual = prices(), Usage(0)
    parts = [
        COSTS_HEAD.format(
            region=listed.region,
            looked_up=listed.looked_up,
            per_order=CHANGES_PER_ORDER,
            bytes=usual.change_bytes,
            queries=usual.queries,
            days=usual.query_days,
            hours=usual.dashboard_hours,
        )
    ]
    for title, usage in CASES.items():
        bills = [bill(usage.watched(), design) for design in DESIGNS]
        parts.append(f"\n## {title}\n\n{_compared(bills)}\n{_lines(bills[0])}")
    parts.append(_prices())
    return "".join(parts)


def _compared(bills: list[Bill]) -> str:
    rows = "".join(
        f"| {one.design} | {one.usd:,.2f} | {one.fixed:,.2f} | {one.per_million:,.2f} |\n" for one in bills
    )
    head = "| built as | USD a month | of it whatever flows | per million changes |\n|---|---:|---:|---:|\n"
    return f"{bills[0].usage.changes:,.0f} changes a month.\n\n{head}{rows}"


def _lines(one: Bill) -> str:
    rows = "".join(f"| {line.item} | {line.arithmetic} | {line.usd:,.2f} |\n" for line in one.lines)
    return f"The default, line by line:\n\n| item | arithmetic | USD |\n|---|---|---:|\n{rows}"


def _prices() -> str:
    rows = "".join(
        f"| {price.per}{' *' if price.unsure else ''} | {_plain(price.usd)} | {price.source} |\n"
        for price in prices().of.values()
    )
    return f"\n## The prices\n\n| per | USD | source |\n|---|---:|---|\n{rows}"


def _plain(usd: float) -> str:
    return f"{usd:.10f}".rstrip("0").rstrip(".")


def scale() -> str:
    """docs/scale.md."""
    parts = [SCALE_HEAD]
    for hop in hops():
        limits = f"{_round(hop.limit)} | {_round(hop.raised)}"
        parts.append(f"| {hop.name} | {hop.quota} | {limits} | {hop.remedy} |\n")
    parts.append(AT_A_RATE)
    for rate in RATES:
        usage = Usage(rate * HOURS * 3600).watched()
        bound = ", ".join(hop.name for hop in binding(rate)) or "nothing"
        parts.append(f"| {rate:,} | {usage.changes:,.0f} | {bound} | {bill(usage).usd:,.0f} |\n")
    return "".join([*parts, SCALE_END])


def _round(number: float) -> str:
    digits = max(0, len(str(int(number))) - 2)
    return f"{round(number, -digits):,.0f}"


def main() -> int:
    """Write both pages. Returns the exit status."""
    COSTS.write_text(costs())
    SCALE.write_text(scale())
    return 0


if __name__ == "__main__":
    sys.exit(main())
