"""Commands that bring orders: generate, replay, load."""

import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Literal

import typer

from salescast.cli import arguments, consent
from salescast.cli.arguments import JsonOption, StackOption, StateOption, UsageError, YesOption
from salescast.cli.output import Output
from salescast.cli.progress import Bars
from salescast.stack.state import DEFAULT

DateReading = Literal["day-first", "month-first", "epoch", "epoch-ms", "excel"]
DecimalMarkName = Literal["point", "comma"]
LARGE = 1_000_000  # bytes


def generate_orders(
    context: typer.Context,
    days: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="Past days to fill, up to yesterday.")
    ] = None,
    start: Annotated[str | None, typer.Option(help="First day to fill.", metavar="YYYY-MM-DD")] = None,
    end: Annotated[str | None, typer.Option(help="Last day to fill.", metavar="YYYY-MM-DD")] = None,
    orders: Annotated[
        int | None, typer.Option(min=1, max=100_000_000, help="Order lines over all the days.")
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            min=0.001, max=100_000, help="Live: order lines per second.", show_default="the shop's own"
        ),
    ] = None,
    seconds: Annotated[int, typer.Option(min=1, max=7 * 86_400, help="Live: for how long.")] = 60,
    tick: Annotated[str | None, typer.Option(help="The minute that ends then.", metavar="TIME")] = None,
    state: StateOption = DEFAULT,
    stack: StackOption = None,
    yes: YesOption = False,
    _json: JsonOption = False,
) -> None:
    """Write sample orders: live at the shop's own pace or another (--rate), or over past days (--days).

    The shop's own pace is the parameter OrdersPerHour by the hour of the day, as the schedule keeps it.

    salescast generate --seconds 3600
    salescast generate --rate 50 --seconds 60
    salescast generate --days 120 --orders 2000
    """
    from salescast.functions import generate

    output: Output = context.obj
    if sum(map(bool, (days, start, rate, tick))) > 1:
        raise UsageError("use one of --days, --start, --rate and --tick, or none of them")
    event = {"action": "tick", "time": tick} if tick else None
    if days or start:
        event = arguments.backfill(days, start, end, orders)
    target = arguments.stack(state, stack)
    consent.ask(target, "write sample orders to", yes)
    with output.progress() as bars:
        counter = bars.counter("orders written", orders)

        def show(generated: generate.Generated, share: float) -> None:
            counter.show(generated.inserted, orders or (round(generated.inserted / share) if share else None))

        try:
            generated = (
                generate.run(target, event, show) if event else generate.live(target, rate, seconds, show)
            )
        except KeyboardInterrupt:
            output.step("stopped; what was written stays, and the same command writes no order twice")
            raise
    output.generated(generated)


def replay_orders(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV or other text, plain, gzip or ZIP; XLSX, XLS, ODS.")],
    mapping: Annotated[
        str | None, typer.Option(help="A profile's name, or a mapping in YAML. Found by the columns.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be written; needs no stack.")
    ] = False,
    column: Annotated[
        list[str] | None, typer.Option(help="Which column an attribute is in.", metavar="ATTRIBUTE=COLUMN")
    ] = None,
    constant: Annotated[
        list[str] | None, typer.Option(help="An attribute that all orders share.", metavar="ATTRIBUTE=VALUE")
    ] = None,
    dates: Annotated[
        DateReading | None,
        typer.Option(help="What 03/05/2024, or a bare number, means. Decided over the file."),
    ] = None,
    decimal: Annotated[DecimalMarkName | None, typer.Option(help="What stands in 2,50 or 2.50.")] = None,
    zone: Annotated[str | None, typer.Option(help="Of times that name none.", metavar="Europe/Paris")] = None,
    encoding: Annotated[str | None, typer.Option(help="For example cp1252. Found.")] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="Between fields, for example ; or tab. Found.")
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="Of a workbook that has several.")] = None,
    state: StateOption = DEFAULT,
    stack: StackOption = None,
    yes: YesOption = False,
    _json: JsonOption = False,
) -> int:
    """Write the lines of an order file as orders; may be interrupted and repeated.

    Profiles: online-retail (also Online Retail II), shopify, woocommerce, kaggle-sales, own-columns (named as
    the attributes of an order). docs/order-files.md says how a mapping is written.

    Dates are read in one form for the whole file: 2024-03-05, 2024/3/5, 05/03/2024, 5.3.24, 5-Mar-24, Mar 5,
    2024, Tue, 5 Mar 2024, 20240305; alone or with a time such as 9:05, 09:05:30.250, 9:05 AM, T09:05; Z, UTC,
    +01:00 or -0500 at the end counts.

    Exit status 1 when a line could not become an order, or is in the table with other contents; they are
    listed.

    salescast replay online_retail.csv.gz --dry-run
    salescast replay sales.csv --column order_ts=Day --constant currency=EUR
    """
    from salescast.replay import replay
    from salescast.replay.survey import Options, survey

    output: Output = context.obj
    options = Options(
        mapping=mapping,
        columns=arguments.pairs(column, "--column order_ts=Day"),
        constants=arguments.pairs(constant, "--constant currency=EUR"),
        encoding=encoding,
        delimiter=delimiter,
        sheet=sheet,
        dates=dates,
        decimal=decimal,
        zone=zone,
        pseudonym_key=os.environ.get("SALESCAST_PSEUDONYM_KEY", ""),
    )
    target = None if dry_run else arguments.stack(state, stack)
    with _bars(output, file) as bars:
        surveyed = survey(file, options, bars.counter("lines looked at").show if bars else _untold)
    if target is None:
        with _bars(output, file) as bars:
            show = bars.counter("lines", surveyed.lines).show if bars else _untold
            rehearsal = replay.rehearse(surveyed, show)
        output.rehearsed(rehearsal)
        return int(rehearsal.unmapped > 0)
    replay.check(target, surveyed)
    consent.ask(target, f"write {surveyed.lines:,} orders to", yes)
    for note in surveyed.notes:
        output.step(note)
    with output.progress() as bars:
        try:
            replayed = replay.replay(target, surveyed, bars.counter("lines", surveyed.lines).show)
        except KeyboardInterrupt as stop:
            output.step(str(stop) or "stopped; the same command goes on where it was")
            raise
    output.problems(replayed.problems)
    output.replayed(replayed)
    return int(replayed.unmapped + replayed.differing > 0)


def load_orders(
    context: typer.Context,
    export: Annotated[
        str | None,
        typer.Option(
            help="A full export of the table to S3, instead of the table.",
            metavar="s3://BUCKET/AWSDynamoDB/ID",
        ),
    ] = None,
    table: Annotated[
        str | None,
        typer.Option(help="Another table of the same contract, instead of the stack's.", metavar="NAME|ARN"),
    ] = None,
    state: StateOption = DEFAULT,
    stack: StackOption = None,
    yes: YesOption = False,
    _json: JsonOption = False,
) -> int:
    """Bring orders into the lake that were in the table before the pipeline, or that it has lost.

    What the lake has is left alone. May be interrupted and repeated; paced by what the stream takes. Exit
    status 1 when the stream refused an order; reconcile afterwards. It compares with the stack's own table:
    what came of another table or an export is unexpected there, until that table has it too.

    salescast load
    salescast load --stack salescast --table orders-before
    salescast load --stack salescast --export s3://exports/AWSDynamoDB/0169
    """
    from salescast.functions import load
    from salescast.functions.orders_source import ExportSource, TableSource

    output: Output = context.obj
    if table and export:
        raise UsageError("orders come from --table or from --export, not from both")
    target = arguments.stack(state, stack)
    source = ExportSource(target, export) if export else TableSource(target, table)
    consent.ask(target, "send all orders that the lake has not through the stream of", yes)
    with output.progress() as bars:
        loaded = load.load(target, source, bars.counter("orders read", source.total).show)
    output.loaded(loaded)
    return int(loaded.refused.total() > 0)


def _bars(output: Output, file: Path) -> AbstractContextManager[Bars | None]:
    """Bars for reading a file that takes a while; what is read at once, or is no file, needs none."""
    return output.progress() if file.is_file() and file.stat().st_size > LARGE else nullcontext()


def _untold(_: int) -> None:
    pass
