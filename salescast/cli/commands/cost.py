"""The command for the bill: cost."""

from dataclasses import replace
from typing import Annotated

import typer

from salescast.cli import arguments
from salescast.cli.arguments import JsonOption, StackOption, StateOption
from salescast.cli.output import Output
from salescast.stack.state import DEFAULT


def show_cost(
    context: typer.Context,
    state: StateOption = DEFAULT,
    stack: StackOption = None,
    changes: Annotated[
        float | None, typer.Option(min=1, help="Changes a month, in place of measured ones.")
    ] = None,
    orders_per_hour: Annotated[
        float | None, typer.Option(min=0.1, help="Order lines an hour, likewise.")
    ] = None,
    days: Annotated[
        float | None, typer.Option(min=0.01, help="In how many days the lake's changes were written.")
    ] = None,
    queries: Annotated[float, typer.Option(min=0, help="Queries of people a month.")] = 1000,
    _json: JsonOption = False,
) -> None:
    """Say what a month costs, by list prices: of this stack's own rates and sizes, or of given figures.

    salescast cost
    salescast cost --orders-per-hour 120
    salescast cost --changes 1000000 --queries 100 --json
    """
    from salescast.cost import measured
    from salescast.cost.bill import DESIGNS, bill
    from salescast.cost.usage import Usage

    output: Output = context.obj
    if changes and orders_per_hour:
        raise arguments.UsageError("give one of --changes and --orders-per-hour")
    if changes:
        usage = Usage(changes).watched()
    elif orders_per_hour:
        usage = Usage.of_orders(orders_per_hour).watched()
    else:
        usage = measured.usage(arguments.stack(state, stack), days)
    output.bills([bill(replace(usage, queries=queries), design) for design in DESIGNS])
