"""Commands that look after the lake's tables: compact, erase."""

from typing import Annotated

import typer

from salescast.cli import arguments, consent
from salescast.cli.arguments import JsonOption, StackOption, StateOption, YesOption
from salescast.cli.output import Output
from salescast.stack.state import DEFAULT


def compact_lake(
    context: typer.Context,
    state: StateOption = DEFAULT,
    stack: StackOption = None,
    yes: YesOption = False,
    _json: JsonOption = False,
) -> None:
    """Merge what has arrived into the log and the state now, by the job of every day. May be repeated.

    A laptop stack runs it on Spark of Glue's version, which is installed on first use.

    salescast compact
    salescast compact --stack salescast
    """
    from salescast.functions import compact
    from salescast.laptop import spark

    output: Output = context.obj
    target = arguments.stack(state, stack)
    consent.ask(target, "run the lake's job of", yes)
    if target.is_laptop:
        spark.install(output.step)
    output.step("merging the arrivals")
    output.compacted(compact.run(target))


def erase_customer(
    context: typer.Context,
    customer_id: Annotated[str, typer.Argument(help="As the orders have it.", metavar="CUSTOMER_ID")],
    state: StateOption = DEFAULT,
    stack: StackOption = None,
    yes: YesOption = False,
    _json: JsonOption = False,
) -> None:
    """Forget a customer: name, e-mail and id leave the orders table, the id leaves the lake. Revenue stays.

    Says what still holds the id, and for how long. May be repeated.

    salescast erase c01742
    salescast erase c01742 --stack salescast
    """
    from salescast.functions import erase
    from salescast.laptop import spark

    output: Output = context.obj
    target = arguments.stack(state, stack)
    consent.ask(target, "erase a customer, which cannot be undone, from", yes)
    if target.is_laptop:
        spark.install(output.step)
    output.erased(erase.run(target, customer_id, output.step))
