"""The `salescast` command."""

import sys
import traceback
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from salescast import arguments, output
from salescast.arguments import JsonOption, StackOption, StateOption, YesOption
from salescast.errors import SalescastError
from salescast.stack import Stack
from salescast.state import DEFAULT, State

app = typer.Typer(
    help="Operate a Salescast stack: the one on this machine, or with --stack one on AWS.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

# Typer brings its own click and names only leaves of its errors in public.
_UsageError: Any = typer.BadParameter.__mro__[1]


def main() -> NoReturn:
    """Entry point of the `salescast` command."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run a command and return its exit status. An error is one line on stderr; --debug adds a traceback."""
    debug = "--debug" in arguments[:1]
    try:
        status = app(arguments or ["--help"], prog_name="salescast", standalone_mode=False)
    except (SalescastError, _UsageError, BotoCoreError, ClientError, OSError) as error:
        if debug:
            traceback.print_exc()
        output.err.print(f"[red]Error:[/] {output.escape(_message(error))}", soft_wrap=True)
        return 1
    except (KeyboardInterrupt, typer.Abort):
        output.err.print("interrupted")
        return 130
    return status if isinstance(status, int) else 0


@app.callback()
def _options(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks; stands before the command.")
    ] = False,
) -> None:
    pass


@app.command()
def up(
    state: StateOption = DEFAULT,
    fast: Annotated[
        float | None, typer.Option(min=1, max=60, help="Divide Firehose's buffering interval by this.")
    ] = None,
    parameter: Annotated[
        list[str] | None, typer.Option(help="Override a template parameter.", metavar="NAME=VALUE")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Start the stack on this machine: emulator, stand-ins, sam build, sam deploy. Repeatable."""
    from salescast import laptop

    overrides = arguments.pairs(parameter, "--parameter FirstOrderDate=2010-01-01")
    stack = laptop.up(state, fast=fast, parameters=overrides, report=output.step)
    if as_json:
        output.as_json({"stack": stack.name, "endpoint": stack.endpoint, "state": str(stack.state.folder)})
    else:
        output.out.print(f"the stack {stack.name} runs at {stack.endpoint}")


@app.command()
def down(state: StateOption = DEFAULT, as_json: JsonOption = False) -> None:
    """End the stack on this machine and its data; logs and demo.json stay."""
    folder = State(state.resolve())
    with folder.lock():
        ended = folder.down()
    if as_json:
        output.as_json({"ended": ended})
    else:
        output.out.print(f"ended {', '.join(ended)}" if ended else f"no stack ran in {folder.folder}")


@app.command()
def status(state: StateOption = DEFAULT, stack: StackOption = None, as_json: JsonOption = False) -> int:
    """Show the health of every stage. Exit status 1 when one is down."""
    from salescast import health

    stages = health.stages(_open(state, stack))
    if as_json:
        output.as_json([vars(stage) for stage in stages])
    else:
        output.stages(stages)
    return int(any(stage.health == health.DOWN for stage in stages))


@app.command()
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
    from salescast import generate as generator

    chosen = [
        name for name, given in (("days", days), ("start", start), ("rate", rate), ("tick", tick)) if given
    ]
    if len(chosen) != 1:
        raise SalescastError("say what to generate with one of --days, --start, --rate and --tick")
    target = _open(state, stack)
    _ask(target, "write sample orders to", yes)
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


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="Online Retail CSV, gzip or plain.")],
    state: StateOption = DEFAULT,
    stack: StackOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> int:
    """Write the invoice lines of an Online Retail CSV as orders; may be interrupted and repeated.

    Exit status 1 when a line could not become an order; those lines are listed.
    """
    from salescast import replay as replaying
    from salescast import retail_file

    target = _open(state, stack)
    survey = retail_file.survey(file)
    replaying.check_dates(target, survey)
    _ask(target, f"write {survey.lines:,} orders to", yes)
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


@app.command()
def query(
    text: Annotated[str | None, typer.Argument(help="Name of a query, or SQL.", metavar="NAME|SQL")] = None,
    parameter: Annotated[
        list[str] | None, typer.Option("-p", "--parameter", help="Of a named query.", metavar="NAME=VALUE")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Answer as CSV.")] = False,
    state: StateOption = DEFAULT,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask Athena: a named query of the stack's workgroup, or SQL. Without argument, list the named queries.

    salescast query "SELECT country, sum(net_revenue) AS revenue FROM orders GROUP BY country"
    """
    from salescast import athena

    parameters = arguments.pairs(parameter, "-p from=2026-01-01")
    target = _open(state, stack)
    if text is None:
        output.queries(athena.named_queries(target), in_json=as_json)
        return
    result = athena.query(target, text, parameters)
    output.result(result, in_json=as_json, in_csv=as_csv)


@app.command()
def project(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="total, or BREAKDOWN:NAME such as country:France.", metavar="[SERIES]..."),
    ] = None,
    units: Annotated[bool, typer.Option("--units", help="Show units instead of revenue.")] = False,
    horizon: Annotated[int, typer.Option(min=1, max=90, help="Days ahead.")] = 28,
    day: Annotated[
        str | None, typer.Option("--date", help="As of this day.", metavar="YYYY-MM-DD", show_default="today")
    ] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Write a fan chart: a .png or .svg.")] = None,
    state: StateOption = DEFAULT,
    stack: StackOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Project sales: run the projector, which publishes all series, and show the ones named (default: total).

    salescast project total channel:WEB --plot projection.svg
    """
    from salescast import project as projecting

    if plot:
        projecting.check_plot(plot)
    event: dict[str, Any] = {"series": names or ["total"], "horizon": horizon}
    if day:
        event["date"] = arguments.day("--date", day).isoformat()
    target = _open(state, stack)
    _ask(target, "write a projection to the lake of", yes)
    answer = projecting.run(target, event)
    shown = projecting.series(answer, "units" if units else "revenue")
    if plot:
        projecting.plot(plot, shown, answer["currency"])
    if as_json:
        output.as_json(answer)
        return
    output.lines(line for one in shown for line in projecting.terminal(one))
    output.err.print(projecting.summary(answer), markup=False, soft_wrap=True)


@app.command()
def reconcile(
    settle: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Seconds for which a difference is in flight.",
            show_default="twice the freshness bound",
        ),
    ] = None,
    state: StateOption = DEFAULT,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> int:
    """Prove that no change was lost: the orders table against the lake, exactly. Exit status 0 only if so."""
    from salescast import reconcile as reconciling

    result = reconciling.reconcile(_open(state, stack), settle, output.step)
    if as_json:
        output.as_json(result.as_json())
    else:
        output.reconciliation(result)
    return int(not result.reconciled)


@app.command()
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
    """
    from salescast import redrive as redriving

    choice = redriving.Choice(reason, arguments.instant("--since", since) if since else None)
    target = _open(state, stack)
    if not dry_run:
        _ask(target, "deliver failed changes again to", yes)
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


@app.command()
def destroy(
    stack: Annotated[str, typer.Option("--stack", help="The stack to delete, by name.", metavar="NAME")],
    state: Annotated[
        Path | None,
        typer.Option("--state", help="Folder of a laptop stack, if it is one.", show_default="AWS"),
    ] = None,
    keep_data: Annotated[bool, typer.Option("--keep-data", help="Do not empty the bucket.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Empty and delete a stack. Tables and bucket stay where DataDeletionPolicy is Retain, and are named."""
    from salescast import destroy as destroying

    target = Stack.laptop(state.resolve()) if state else Stack.aws(stack, DEFAULT)
    if target.name != stack:
        raise SalescastError(
            f"the stack in {state} is named {target.name}, not {stack}; use --stack {target.name}"
        )
    _confirm(f"Delete the stack {stack}{'' if keep_data else ' and every object of its lake'}?", yes)
    result = destroying.destroy(target, keep_data=keep_data, report=output.step)
    if as_json:
        output.as_json(vars(result))
        return
    output.out.print(f"deleted the stack {stack}, {result.objects:,} object version(s) of its lake")
    for name in result.retained:
        output.out.print(f"retained: {name}", soft_wrap=True)


@app.command()
def demo(
    orders: Annotated[int, typer.Option(min=1, help="Orders to generate over the past 120 days.")] = 2000,
    file: Annotated[
        Path | None, typer.Option("--replay", help="Replay this Online Retail CSV instead.")
    ] = None,
    fast: Annotated[
        float, typer.Option(min=1, max=60, help="Divide Firehose's buffering interval by this.")
    ] = 20,
    state: StateOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Run everything once on a fresh laptop stack, reconcile it, and leave demo.json. The stack stays up."""
    from salescast import demo as story

    result = story.run(state, orders=orders, file=file, fast=fast, quiet=as_json)
    if as_json:
        output.as_json(vars(result))


def _open(state: Path, name: str | None) -> Stack:
    return Stack.aws(name, state.resolve()) if name else Stack.laptop(state.resolve())


def _ask(stack: Stack, what: str, yes: bool) -> None:
    if not stack.is_laptop:
        _confirm(f"{what.capitalize()} the stack {stack.name} on AWS in {stack.region}?", yes)


def _confirm(question: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise SalescastError(f"{question} Nobody is there to answer; add --yes")
    if not typer.confirm(question, err=True):
        raise SalescastError("nothing was changed; add --yes to be asked no more")


def _message(error: Exception) -> str:
    if isinstance(error, EndpointConnectionError):
        return f"{error} Is the stack up? `salescast status` and `salescast up` tell and mend."
    if isinstance(error, ClientError):
        service = f"{error.operation_name}: {error.response['Error'].get('Message') or error}"
        return f"AWS refuses {service}"
    if isinstance(error, _UsageError):
        usage: Any = error
        command = usage.ctx.command_path if usage.ctx else "salescast"
        return f"{usage.format_message()} See `{command} --help`."
    return str(error)
