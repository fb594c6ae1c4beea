"""Commands that write orders: generate, replay."""

from pathlib import Path
from typing import Annotated

import typer

from salescast.cli import arguments, consent
from salescast.cli.arguments import JsonOption, StackOption, StateOption, UsageError, YesOption
from salescast.cli.output import Output
from salescast.stack.state import DEFAULT


def generate_orders(
    context: typer.Context,
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
    _json: JsonOption = False,
) -> None:
    """Write sample orders: over past days (--days, --start), live (--rate), or of one minute (--tick).

    salescast generate --days 120 --orders 2000
    salescast generate --rate 50 --seconds 60
    """
    from salescast.functions import generate

    output: Output = context.obj
    if sum(map(bool, (days, start, rate, tick))) != 1:
        raise UsageError("say what to generate with one of --days, --start, --rate and --tick")
    target = arguments.stack(state, stack)
    consent.ask(target, "write sample orders to", yes)
    with output.progress() as bars:
        counter = bars.counter("orders written", orders)

        def show(generated: generate.Generated, share: float) -> None:
            counter.show(generated.inserted, orders or (round(generated.inserted / share) if share else None))

        if rate:
            generated = generate.live(target, rate, seconds, show)
        elif tick:
            generated = generate.run(target, {"action": "tick", "time": tick}, show)
        else:
            generated = generate.run(target, arguments.backfill(days, start, end, orders), show)
    output.generated(generated)


def replay_orders(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Online Retail CSV, gzip or plain.")],
    state: StateOption = DEFAULT,
    stack: StackOption = None,
    yes: YesOption = False,
    _json: JsonOption = False,
) -> int:
    """Write the invoice lines of an Online Retail CSV as orders; may be interrupted and repeated.

    Exit status 1 when a line could not become an order; those lines are listed.

    salescast replay online_retail.csv.gz
    """
    from salescast.replay import replay, retail_file

    output: Output = context.obj
    target = arguments.stack(state, stack)
    survey = retail_file.survey(file)
    replay.check_dates(target, survey)
    consent.ask(target, f"write {survey.lines:,} orders to", yes)
    if survey.ignored_columns:
        output.step(f"columns that orders do not have are left out: {', '.join(survey.ignored_columns)}")
    with output.progress() as bars:
        replayed = replay.replay(target, survey, bars.counter("lines", survey.lines).show)
    output.problems(replayed.problems)
    output.replayed(replayed)
    return int(replayed.unmapped > 0)
