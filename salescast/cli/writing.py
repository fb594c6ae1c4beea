"""The commands that write orders or their changes: generate, replay, redrive."""

from pathlib import Path
from typing import Annotated

import typer

from salescast.cli import arguments, consent, output
from salescast.cli.arguments import JsonOption, StackOption, StateOption, YesOption
from salescast.stack.errors import SalescastError
from salescast.stack.state import DEFAULT


def generate(
    days: Annotated[int | None, typer.Option(min=1, help="Past days to fill, up to yesterday.")] = None,
    start: Annotated[str | None, typer.Option(help="First day to fill.", metavar="YYYY-MM-DD")] = None,
    end: Annotated[str | None, typer.Option(help="Last day to fill.", metavar="YYYY-MM-DD")] = None,
    orders: Annotated[int | None, typer.Option(min=1, help="Order lines over all the days.")] = None,
    rate: Annotated[float | None, typer.Option(min=0.001, help="Live: order lines per second.")] = None,
    seconds: Annotated[int, typer.Option(min=1, help="Live: for how long.")] = 60,
    tick: Annotated[str | None, typer.Option(help="The minute that ends then.", metavar="TIME")] = None,
    state: StateOption = DEFAULT,
    stack: StackOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write sample orders: over past days (--days, --start), live (--rate), or of one minute (--tick).

    salescast generate --days 120 --orders 2000
    salescast generate --rate 50 --seconds 60
    """
    from salescast.functions import generate as generator

    chosen = [
        name for name, given in (("days", days), ("start", start), ("rate", rate), ("tick", tick)) if given
    ]
    if len(chosen) != 1:
        raise SalescastError("say what to generate with one of --days, --start, --rate and --tick")
    target = arguments.stack(state, stack)
    consent.ask(target, "write sample orders to", yes)
    with output.progress(hidden=as_json) as bars:
        counter, task = output.Rate(), bars.add_task("orders written", total=orders, rate="")

        def show(done: generator.Generated, share: float) -> None:
            total = orders or (round(done.inserted / share) if share else None)
            bars.update(task, completed=done.inserted, total=total, rate=counter.text(done.inserted))

        if rate:
            result = generator.live(target, rate, seconds, show)
        elif tick:
            result = generator.run(target, {"action": "tick", "time": tick}, show)
        else:
            result = generator.run(target, arguments.backfill(days, start, end, orders), show)
    content = {name: getattr(result, name) for name in (*generator.COUNTS, "invocations")}
    content["seconds"] = round(result.seconds, 3)
    if as_json:
        output.as_json(content)
    else:
        output.out.print(
            f"{result.inserted:,} orders inserted, {result.changed:,} changes, {result.removed:,} removed, "
            f"{result.repeated:,} found already done, in {result.seconds:.1f} s"
        )


def replay(
    file: Annotated[Path, typer.Argument(help="Online Retail CSV, gzip or plain.")],
    state: StateOption = DEFAULT,
    stack: StackOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> int:
    """Write the invoice lines of an Online Retail CSV as orders; may be interrupted and repeated.

    Exit status 1 when a line could not become an order; those lines are listed.

    salescast replay online_retail.csv.gz
    """
    from salescast.replay import replay as replaying
    from salescast.replay import retail_file

    target = arguments.stack(state, stack)
    survey = retail_file.survey(file)
    replaying.check_dates(target, survey)
    consent.ask(target, f"write {survey.lines:,} orders to", yes)
    if survey.ignored_columns:
        output.step(f"columns that orders do not have are left out: {', '.join(survey.ignored_columns)}")
    with output.progress(hidden=as_json) as bars:
        rate, task = output.Rate(), bars.add_task("lines", total=survey.lines, rate="")
        result = replaying.replay(
            target, survey, lambda lines: bars.update(task, completed=lines, rate=rate.text(lines))
        )
    output.problems(result.problems)
    if as_json:
        output.as_json(result.as_json())
    else:
        output.out.print(
            f"{result.lines:,} lines of {result.invoices:,} invoices: {result.written:,} orders written, "
            f"{result.already:,} there already, {result.unmapped:,} no orders; {result.seconds:.1f} s"
        )
    return int(result.unmapped > 0)


def redrive(
    reason: Annotated[
        str | None,
        typer.Option(help="Only failures whose type, code or message has this in it.", metavar="TEXT"),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Only changes that came then or later (UTC).", metavar="TIME")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be delivered.")] = False,
    state: StateOption = DEFAULT,
    stack: StackOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> int:
    """Deliver failed changes again: those under errors/ and in the dead-letter queue. May be repeated.

    Mend the cause first: what fails again comes back as a new error object. Exit status 0 if none is left.

    salescast redrive --dry-run
    salescast redrive --reason ProcessingFailed --since 2026-11-20
    """
    from salescast.integrity import redrive as redriving

    choice = redriving.Choice(reason, arguments.instant("--since", since) if since else None)
    target = arguments.stack(state, stack)
    if not dry_run:
        consent.ask(target, "deliver failed changes again to", yes)
    with output.progress(hidden=as_json) as bars:
        rate, task = output.Rate(), bars.add_task("failed changes", total=None, rate="")
        result = redriving.redrive(
            target, choice, dry_run=dry_run, show=lambda n: bars.update(task, completed=n, rate=rate.text(n))
        )
    if as_json:
        output.as_json(result.as_json())
    else:
        output.redrive(result)
    return int(bool(result.left))
