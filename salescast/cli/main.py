"""The `salescast` command."""

import sys
import traceback
from collections.abc import Callable
from importlib.metadata import version
from itertools import takewhile
from typing import Annotated, NoReturn

import typer
from botocore.exceptions import BotoCoreError, ClientError

from salescast.cli.arguments import JsonOption
from salescast.cli.commands import analytics, cost, demo, integrity, lake, orders, stack
from salescast.cli.text_output import TextOutput
from salescast.stack import errors
from salescast.stack.errors import SalescastError

app = typer.Typer(
    help="Operate a Salescast stack: the one on this machine, or with --stack one on AWS.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
# In the order of --help.
COMMANDS: dict[str, Callable[..., int | None]] = {
    "up": stack.start_stack,
    "down": stack.end_stack,
    "status": stack.show_status,
    "env": stack.show_environment,
    "generate": orders.generate_orders,
    "replay": orders.replay_orders,
    "load": orders.load_orders,
    "query": analytics.query_lake,
    "project": analytics.project_sales,
    "reconcile": integrity.reconcile_lake,
    "redrive": integrity.redrive_changes,
    "compact": lake.compact_lake,
    "erase": lake.erase_customer,
    "cost": cost.show_cost,
    "verify": integrity.verify_stack,
    "dashboard": analytics.serve_dashboard,
    "digest": analytics.show_digest,
    "destroy": stack.destroy_stack,
    "demo": demo.run_demo,
}
for name, command in COMMANDS.items():
    app.command(name)(command)


def main() -> NoReturn:
    """Entry point of the `salescast` command."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run a command and return its exit status: 2 for a command typed wrong, 1 for one that failed.

    An error is one line on stderr; --debug adds a traceback.
    """
    debug = "--debug" in takewhile(lambda word: word.startswith("-"), arguments)
    output = TextOutput()
    try:
        status = app(arguments or ["--help"], prog_name="salescast", standalone_mode=False, obj=output)
    except (SalescastError, typer.TyperException, BotoCoreError, ClientError, OSError) as error:
        if debug:
            traceback.print_exc()
        if isinstance(error, typer.TyperException):
            output.error(_usage_message(error))
            return error.exit_code
        output.error(errors.message(error))
        return 1
    except (KeyboardInterrupt, typer.Abort):
        output.interrupted()
        return 130
    return status if isinstance(status, int) else 0


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"salescast {version('salescast')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
    _debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks; stands before the command.")
    ] = False,
    _json: JsonOption = False,
) -> None:
    pass


def _usage_message(error: typer.TyperException) -> str:
    """Typer's message and, where it says which command was typed, where to read about that."""
    context: typer.Context | None = getattr(error, "ctx", None)
    if context is None:
        return error.format_message()
    return f"{error.format_message().rstrip('.')}. See `{context.command_path} --help`."
