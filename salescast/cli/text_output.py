"""Answers as text and tables, for people; and a query's answer as CSV."""

from __future__ import annotations

import shlex
import sys
import textwrap
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from salescast.cli import projection_chart, tables
from salescast.cli.output import Output
from salescast.cli.progress import Bars
from salescast.cli.visible import visible
from salescast.functions import project
from salescast.integrity import health
from salescast.reports import digest_text
from salescast.stack import money
from salescast.stack.state import DEFAULT

if TYPE_CHECKING:
    from salescast.cli.demo_steps import Demo
    from salescast.cost.bill import Bill
    from salescast.functions.compact import Compaction
    from salescast.functions.erase import Erasure
    from salescast.functions.generate import Generated
    from salescast.functions.load import Load
    from salescast.integrity.health import Stage
    from salescast.integrity.reconcile import Reconciliation
    from salescast.integrity.redrive import Redrive
    from salescast.replay.replay import Rehearsal, Replay
    from salescast.reports.digest import Digest
    from salescast.stack.destroy import Destroyed
    from salescast.stack.services.athena import NamedQuery, Result
    from salescast.stack.stack import Stack
    from salescast.stack.state import State

TOP_PRODUCTS = 8
COLOURS = {health.OK: "green", health.WARNING: "yellow", health.DOWN: "red"}
HEALTH_WIDTH = 9
DETAIL_WIDTH = 30  # at least, in a terminal however narrow
AFTER_DEMO = (
    ("dashboard", "sales, customers and stock in the browser"),
    ("query", "the questions that are there; --help has the rest"),
)


class TextOutput(Output):
    """Text that is coloured in a terminal, and one line for each thing in a pipe or a file."""

    def progress(self) -> Bars:
        return Bars(self.err)

    def up(self, stack: Stack) -> None:
        self.out.print(f"the stack {stack.name} runs at {stack.endpoint}")

    def down(self, state: State, ended: Sequence[str]) -> None:
        self.out.print(f"ended {', '.join(ended)}" if ended else f"no stack ran in {state.folder}")

    def stages(self, stages: Sequence[Stage]) -> None:
        """The health of each stage, details in a column of their own, and a line on all."""
        indent = HEALTH_WIDTH + max(len(stage.name) for stage in stages) + 2
        # A pipe or a file gets one line for each stage, whatever its length.
        width = max(DETAIL_WIDTH, self.out.width - indent) if self.out.is_terminal else sys.maxsize
        for stage in stages:
            first, *rest = textwrap.wrap(stage.detail, width, break_on_hyphens=False) or [""]
            mark = f"[{COLOURS[stage.health]}]{stage.health:<{HEALTH_WIDTH}}[/]"
            self.out.print(f"{mark}{stage.name:<{indent - HEALTH_WIDTH}}{escape(first)}", soft_wrap=True)
            for line in rest:
                self.out.print(" " * indent + escape(line), soft_wrap=True)
        worst, text = health.summary(list(stages))
        self.out.print(f"[{COLOURS[worst]}]{escape(text)}[/]", soft_wrap=not self.out.is_terminal)

    def environment(self, variables: Mapping[str, str]) -> None:
        """Lines for a shell. A profile or a token of the user's would go before the keys."""
        for name, value in variables.items():
            self.out.print(f"export {name}={shlex.quote(value)}", markup=False, soft_wrap=True)
        self.out.print("unset AWS_PROFILE AWS_SESSION_TOKEN")

    def destroyed(self, destroyed: Destroyed) -> None:
        self.out.print(
            f"deleted the stack {destroyed.stack}, {destroyed.objects:,} object version(s) of its lake"
        )
        for name in destroyed.retained:
            self.out.print(f"retained: {name}", soft_wrap=True)

    def bills(self, bills: Sequence[Bill]) -> None:
        first = bills[0]
        self.out.print(
            f"{first.usage.changes:,.0f} changes of {first.usage.change_bytes:,.0f} bytes a month: "
            f"{first.usd:,.2f} USD, by list prices; docs/costs.md says what the designs are",
            soft_wrap=True,
        )
        lines = [[line.item, line.arithmetic, line.usd] for line in first.lines]
        tables.show(self.out, ["a month", "", "USD"], lines)
        compared = [[bill.design, bill.usd, bill.fixed, bill.per_million] for bill in bills]
        head = ["built as", "USD a month", "if nothing flows", "per million changes"]
        tables.show(self.out, head, compared)

    def generated(self, generated: Generated) -> None:
        self.out.print(
            f"{generated.inserted:,} orders inserted, {generated.changed:,} changes, "
            f"{generated.removed:,} removed, {generated.repeated:,} found already done, "
            f"in {generated.seconds:.1f} s"
        )

    def replayed(self, replay: Replay) -> None:
        differing = f"{replay.differing:,} there with other contents, " if replay.differing else ""
        blank = f", {replay.blank:,} blank" if replay.blank else ""
        self.out.print(
            f"{replay.lines:,} lines of {replay.invoices:,} invoices: {replay.written:,} orders written, "
            f"{replay.already:,} there already, {differing}{replay.unmapped:,} no orders{blank}; "
            f"{replay.seconds:.1f} s",
            soft_wrap=True,
        )

    def rehearsed(self, rehearsal: Rehearsal) -> None:
        """How the file is read, its first orders side by side, and what is no order."""
        for note in rehearsal.notes:
            self.step(note)
        names = list(dict.fromkeys(name for item in rehearsal.examples for name in item))
        rows = [[name, *(item.get(name) for item in rehearsal.examples)] for name in names]
        if rows:
            headings = ["attribute", *(f"order {number}" for number in range(1, len(rehearsal.examples) + 1))]
            tables.show(self.out, headings, rows)
        self.problems(rehearsal.problems)
        days = f" from {rehearsal.first_date} to {rehearsal.last_date}" if rehearsal.first_date else ""
        blank = f", {rehearsal.blank:,} blank" if rehearsal.blank else ""
        self.out.print(
            f"{rehearsal.lines:,} lines: {rehearsal.orders:,} orders{days}, "
            f"{money.grouped(rehearsal.amount)} in all, {rehearsal.unmapped:,} no orders{blank}; "
            "nothing was written",
            soft_wrap=True,
        )

    def loaded(self, load: Load) -> None:
        resumed = "went on where the last load ended; " if load.resumed else ""
        rate = load.sent / load.seconds if load.seconds else 0
        counts = (
            f"{load.items:,} orders read",
            f"{load.known:,} in the lake already",
            f"{load.young:,} written just now and left to the pipe",
            f"{load.left_out.total():,} not for the lake",
            f"{load.sent:,} sent",
            f"{load.refused.total():,} refused",
        )
        self.out.print(
            f"{resumed}{', '.join(counts)}; {load.seconds:.1f} s, {rate:,.0f} a second", soft_wrap=True
        )
        for reason, count in load.refused.items():
            self.out.print(f"  {count:,}: {reason}", soft_wrap=True)
        for example in load.examples:
            self.out.print(f"  {example}", soft_wrap=True)
        if load.sent:
            self.out.print(
                "Their rows follow in a few minutes; `salescast reconcile` then proves that all are there."
            )

    def compacted(self, compaction: Compaction) -> None:
        self.out.print(f"the arrivals are merged, in {compaction.seconds} s (run {compaction.run_id})")

    def erased(self, erasure: Erasure) -> None:
        self.out.print(
            f"{erasure.orders:,} orders of the table changed, the id erased from log, state, their snapshots "
            f"and the arrivals (run {erasure.run_id}); what still holds it:"
        )
        rows = [[what, f"{days:g} days"] for what, days in erasure.kept_days.items()]
        self.out.print(tables.table(["what", "at the most for"], rows))

    def queries(self, queries: Sequence[NamedQuery]) -> None:
        rows = [
            [
                query.name,
                query.description,
                ", ".join(f"{name}={value}" for name, value in query.defaults.items()),
            ]
            for query in queries
        ]
        self.out.print(tables.table(["query", "answers", "parameters"], rows))

    def result(self, result: Result) -> None:
        """The rows and, on stderr, their count, the bytes read and the time."""
        shown = tables.show(self.out, [column.name for column in result.columns], result.rows)
        if shown < len(result.rows):
            self.err.print(
                f"the first {shown:,} of {len(result.rows):,} rows; "
                "LIMIT in the SQL asks for fewer, --csv gives all"
            )
        self._statistics(result)

    def projection(self, answer: dict[str, Any], measure: str, *, explain: bool = False) -> None:
        """A plot of text for each series and, on stderr, what the run did."""
        self._plots(answer, measure, explain=explain)
        self.err.print(project.summary(answer), markup=False, soft_wrap=True)

    def digest(self, digest: Digest) -> None:
        self.out.print(digest_text.text(digest), markup=False, soft_wrap=not self.out.is_terminal)

    def reconciliation(self, reconciliation: Reconciliation) -> None:
        """Table and lake side by side, the outcome, and examples of what differs."""
        result = reconciliation
        rows = [
            ("orders", f"{result.table_orders:,}", f"{result.lake_orders:,}"),
            ("changes", f"{result.table_versions:,}", f"{result.lake_versions:,}"),
            ("amount", money.grouped(result.table_amount), money.grouped(result.lake_amount)),
        ]
        table = tables.table(["", "orders table", "lake (orders view)"], rows, title="Reconciliation")
        for column in table.columns[1:]:
            column.justify = "right"
        self.out.print(table)
        outcome = "[green]reconciled[/]" if result.reconciled else "[red]not reconciled[/]"
        names = ("missing", "unexpected", "in_flight", "failed", "archived")
        counts = ", ".join(f"{getattr(result, name):,} {name.replace('_', ' ')}" for name in names)
        self.out.print(
            f"{outcome}: {counts}; {result.failed_records:,} record(s) under errors/ or dead-lettered",
            soft_wrap=True,
        )
        if result.left_out:
            reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(result.left_out.items()))
            self.out.print(f"left out of the lake: {reasons}", soft_wrap=True)
        if log := result.log:
            self.out.print(
                f"the log from {log.since:%Y-%m-%d %H:%M} to {log.until:%Y-%m-%d %H:%M} UTC: {log}",
                soft_wrap=True,
            )
            for key in log.broken:
                self.out.print(
                    f"  cannot be unpacked, its changes are not proven: {escape(key)}", soft_wrap=True
                )
        for example in result.examples:
            self.out.print(f"  {escape(example)}", soft_wrap=True)

    def redriven(self, redrive: Redrive) -> None:
        verb = "would be delivered again" if redrive.dry_run else "delivered again"
        self.out.print(
            f"{redrive.found:,} failed change(s) found, {redrive.redriven:,} {verb}, "
            f"{redrive.left.total():,} left; "
            f"{redrive.objects:,} error object(s) and {redrive.messages:,} dead letter(s) settled",
            soft_wrap=True,
        )
        for reason, count in redrive.left.most_common():
            self.out.print(f"  {count:,} left: {escape(reason)}", soft_wrap=True)
        for place in redrive.places:
            self.out.print(f"  lost: {escape(place)}", soft_wrap=True)
        for place in redrive.foreign:
            self.out.print(f"  not the pipe's: {escape(place)}", soft_wrap=True)
        for key in redrive.broken:
            self.out.print(f"  cannot be unpacked, passed over: {escape(key)}", soft_wrap=True)
        if redrive.discarded:
            verb = "would be deleted" if redrive.dry_run else "deleted"
            text = f"  {redrive.discarded:,} message(s) that the pipe did not write {verb}"
            self.out.print(text, soft_wrap=True)

    def demo(self, demo: Demo) -> None:
        """What was reconciled, stored, sold and projected, and where to look next."""
        figures = demo.figures
        self.reconciliation(demo.reconciliation)
        self.out.print(
            f"{figures.rows:,} rows in {figures.objects:,} Parquet objects ({figures.bytes / 1e6:.1f} MB), "
            f"{figures.orders_per_second:,.0f} orders/s from first write to last row.\n",
            soft_wrap=True,
        )
        names = [column.name for column in demo.top_products.columns]
        self.out.print(tables.table(names, demo.top_products.rows[:TOP_PRODUCTS], title="Top products"))
        self._plots(demo.projection, "revenue")
        self.out.print(project.summary(demo.projection) + "\n", markup=False, soft_wrap=True)
        folder = demo.stack.state.folder
        state = "" if folder == DEFAULT else f" --state {folder}"
        pace = (
            f" and the shop goes on, about {demo.orders_a_day:,.0f} orders a day" if demo.orders_a_day else ""
        )
        down = (f"down{state}", f"ends the stack; it stays up until then{pace}")
        commands = [(f"{command}{state}", what) for command, what in AFTER_DEMO] + [down]
        width = max(len(command) for command, _ in commands)
        for command, what in commands:
            self.out.print(f".venv/bin/salescast {command:<{width}}", style="bold", end="", soft_wrap=True)
            self.out.print(f"  {what}", style="dim", soft_wrap=True)

    def _plots(self, answer: dict[str, Any], measure: str, *, explain: bool = False) -> None:
        for series in project.series(answer, measure):
            for line in projection_chart.terminal(series, width=self.out.width):
                self.out.print(line, markup=False, soft_wrap=True)
            for sentence in series.explanation if explain else ():
                self.out.print(sentence, markup=False, soft_wrap=True)

    def _statistics(self, result: Result) -> None:
        if not result.rows and result.parameters:
            asked = ", ".join(f"{name}={value or 'nothing'}" for name, value in result.parameters.items())
            self.err.print(f"nothing answers to {asked}", markup=False, soft_wrap=True)
        self.err.print(
            f"{len(result.rows):,} row(s), {result.bytes_scanned:,} bytes scanned, "
            f"{result.milliseconds:,} ms; Athena bills {result.dollars:.5f} USD for it",
            style="dim",
            soft_wrap=True,
        )


class CsvOutput(TextOutput):
    """Text, but a query's answer as CSV."""

    def result(self, result: Result) -> None:
        """Exact in a pipe or a file; a terminal is shown what would steer it."""
        if sys.stdout.isatty():
            text = StringIO()
            result.write_csv(text)
            sys.stdout.write(visible(text.getvalue()))
        else:
            result.write_csv(sys.stdout)
        self._statistics(result)
