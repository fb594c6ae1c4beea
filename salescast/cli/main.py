"""The `salescast` command."""

import sys
import traceback
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from botocore.exceptions import BotoCoreError, ClientError

from salescast.cli import arguments, consent, output, writing
from salescast.cli.arguments import JsonOption, StackOption, StateOption, YesOption
from salescast.stack import errors
from salescast.stack.errors import SalescastError
from salescast.stack.stack import Stack
from salescast.stack.state import DEFAULT, State

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
    """Start the stack on this machine: emulator, stand-ins, sam build, sam deploy. Repeatable.

    salescast up
    salescast up --fast 20 --parameter FirstOrderDate=2010-01-01
    """
    from salescast.laptop import up as laptop

    overrides = arguments.pairs(parameter, "--parameter FirstOrderDate=2010-01-01")
    stack = laptop.up(state, fast=fast, parameters=overrides, report=output.step)
    if as_json:
        output.as_json({"stack": stack.name, "endpoint": stack.endpoint, "state": str(stack.state.folder)})
    else:
        output.out.print(f"the stack {stack.name} runs at {stack.endpoint}")


@app.command()
def down(state: StateOption = DEFAULT, as_json: JsonOption = False) -> None:
    """End the stack on this machine and its data; logs and demo.json stay.

    salescast down
    salescast down --state .shop
    """
    folder = State(state.resolve())
    with folder.lock():
        ended = folder.down()
    if as_json:
        output.as_json({"ended": ended})
    else:
        output.out.print(f"ended {', '.join(ended)}" if ended else f"no stack ran in {folder.folder}")


@app.command()
def status(state: StateOption = DEFAULT, stack: StackOption = None, as_json: JsonOption = False) -> int:
    """Show the health of every stage. Exit status 1 when one is down.

    salescast status
    salescast status --stack salescast --json
    """
    from salescast.integrity import health

    stages = health.stages(arguments.stack(state, stack))
    if as_json:
        output.as_json([vars(stage) for stage in stages])
    else:
        output.stages(stages)
    return int(any(stage.health == health.DOWN for stage in stages))


app.command()(writing.generate)


app.command()(writing.replay)


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

    salescast query top_products
    salescast query sales_by_day -p from=2026-11-01 -p country=France
    salescast query "SELECT status, count(*) FROM orders GROUP BY status"
    """
    from salescast.stack import athena

    parameters = arguments.pairs(parameter, "-p from=2026-01-01")
    target = arguments.stack(state, stack)
    if text is None:
        output.queries(athena.named_queries(target), in_json=as_json)
        return
    result = athena.query(target, text, parameters)
    output.result(result, in_json=as_json, in_csv=as_csv)


@app.command()
def project(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="total, or BREAKDOWN:NAME such as country:France.", metavar="SERIES"),
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

    salescast project
    salescast project total channel:WEB --plot projection.svg
    """
    from salescast.functions import project as projecting

    if plot:
        projecting.check_plot(plot)
    event: dict[str, Any] = {"series": names or ["total"], "horizon": horizon}
    if day:
        event["date"] = arguments.day("--date", day).isoformat()
    target = arguments.stack(state, stack)
    consent.ask(target, "write a projection to the lake of", yes)
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
    """Prove that no change was lost: the orders table against the lake, exactly. Exit status 0 only if so.

    salescast reconcile
    salescast reconcile --stack salescast --settle 600
    """
    from salescast.integrity import reconcile as reconciling
    from salescast.integrity import verdict

    target = arguments.stack(state, stack)
    result = reconciling.reconcile(target, settle, output.step)
    verdict.keep(target, result)
    if as_json:
        output.as_json(result.as_json())
    else:
        output.reconciliation(result)
    return int(not result.reconciled)


app.command()(writing.redrive)


@app.command()
def dashboard(
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="Where it listens, on this machine only.")
    ] = 8501,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it in the browser.")] = True,
    state: StateOption = DEFAULT,
    stack: StackOption = None,
) -> None:
    """Serve the web dashboard until Ctrl-C: sales, customers, stock, and whether it all can be trusted.

    salescast dashboard
    salescast dashboard --stack salescast --port 8600 --no-browser
    """
    from salescast.dashboard import server

    arguments.stack(state, stack)
    server.serve(state.resolve(), stack, port, browser=browser, report=output.step)


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
    """Empty and delete a stack. Tables and bucket stay where DataDeletionPolicy is Retain, and are named.

    salescast destroy --stack salescast
    salescast destroy --stack salescast --keep-data
    """
    from salescast.stack import destroy as destroying

    target = Stack.laptop(state.resolve()) if state else Stack.aws(stack, DEFAULT)
    if target.name != stack:
        raise SalescastError(
            f"the stack in {state} is named {target.name}, not {stack}; use --stack {target.name}"
        )
    consent.confirm(f"Delete the stack {stack}{'' if keep_data else ' and every object of its lake'}?", yes)
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
    """Run everything once on a fresh laptop stack, reconcile it, and leave demo.json. The stack stays up.

    salescast demo --orders 20000
    salescast demo --replay online_retail.csv.gz
    """
    from salescast.cli import demo as story

    result = story.run(state, orders=orders, file=file, fast=fast, quiet=as_json)
    if as_json:
        output.as_json(vars(result))


def _message(error: Exception) -> str:
    if isinstance(error, _UsageError):
        usage: Any = error
        command = usage.ctx.command_path if usage.ctx else "salescast"
        return f"{usage.format_message().rstrip('.')}. See `{command} --help`."
    return errors.message(error)
