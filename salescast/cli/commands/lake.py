"""Commands that look after the lake's tables: compact."""

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
