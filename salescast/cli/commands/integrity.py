"""Commands that account for every change: reconcile, redrive; and verify, of a deployment."""

from typing import Annotated

import typer

from salescast.cli import arguments, consent
from salescast.cli.arguments import JsonOption, StackOption, StateOption, YesOption
from salescast.cli.output import Output
from salescast.stack.state import DEFAULT


def reconcile_lake(
    context: typer.Context,
    settle: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=7 * 86_400,
            help="Seconds for which a difference is in flight.",
            show_default="twice the freshness bound",
        ),
    ] = None,
    log: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=3_650,
            help="Days for which the log is proven; reads all of raw/ since then.",
            show_default="since the last proof, at least 1",
            metavar="DAYS",
        ),
    ] = None,
    state: StateOption = DEFAULT,
    stack: StackOption = None,
    _json: JsonOption = False,
) -> int:
    """Prove that no change was lost: the table against the lake, and the log. Exit status 0 only if so.

    salescast reconcile
    salescast reconcile --stack salescast --settle 600 --log 7
    """
    from salescast.integrity import last_reconciliation, reconcile

    output: Output = context.obj
    target = arguments.stack(state, stack)
    reconciliation = reconcile.reconcile(target, settle, output.step, log_days=log)
    last_reconciliation.keep(target, reconciliation)
    output.reconciliation(reconciliation)
    return int(not reconciliation.reconciled)


def redrive_changes(
    context: typer.Context,
    reason: Annotated[
        str | None,
        typer.Option(help="Only failures whose type, code or message has this in it.", metavar="TEXT"),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Only changes that came then or later (UTC).", metavar="TIME")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be delivered.")] = False,
    discard_foreign: Annotated[
        bool, typer.Option("--discard-foreign", help="Delete dead letters that the pipe did not write.")
    ] = False,
    state: StateOption = DEFAULT,
    stack: StackOption = None,
    yes: YesOption = False,
    _json: JsonOption = False,
) -> int:
    """Deliver failed changes again: those under errors/ and in the dead-letter queue. May be repeated.

    Mend the cause first: what fails again comes back as a new error object. Exit status 0 if none is left.

    salescast redrive --dry-run
    salescast redrive --reason ProcessingFailed --since 2026-11-20
    """
    from salescast.integrity import redrive

    output: Output = context.obj
    choice = redrive.Choice(reason, arguments.instant("--since", since) if since else None)
    target = arguments.stack(state, stack)
    if not dry_run:
        foreign = ", and delete messages that its pipe did not write, in" if discard_foreign else " to"
        consent.ask(target, f"deliver failed changes again{foreign}", yes)
    with output.progress() as bars:
        counter = bars.counter("failed changes")
        redriven = redrive.redrive(
            target, choice, dry_run=dry_run, discard_foreign=discard_foreign, show=counter.show
        )
    output.redriven(redriven)
    return int(bool(redriven.left))


def verify_stack(
    context: typer.Context,
    state: StateOption = DEFAULT,
    stack: StackOption = None,
    _json: JsonOption = False,
) -> int:
    """Check a deployment as far as a machine can; writes query results only. Exit status 1 when it fails.

    salescast verify --stack salescast
    salescast verify --json
    """
    from salescast.integrity import health, verify

    output: Output = context.obj
    target = arguments.stack(state, stack)
    target.reach()
    found = list(verify.checks(target))
    output.stages(found)
    return int(any(check.health == health.DOWN for check in found))
