"""Commands that look at sales: query, project, dashboard, digest."""

from pathlib import Path
from typing import Annotated, Any

import typer

from salescast.cli import arguments, consent
from salescast.cli.arguments import CsvOption, JsonOption, StackOption, StateOption, UsageError, YesOption
from salescast.cli.output import Output
from salescast.stack.state import DEFAULT


def query_lake(
    context: typer.Context,
    text: Annotated[str | None, typer.Argument(help="Name of a query, or SQL.", metavar="NAME|SQL")] = None,
    parameter: Annotated[
        list[str] | None, typer.Option("-p", "--parameter", help="Of a named query.", metavar="NAME=VALUE")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="Of the lake as the job had left it then (UTC).", metavar="TIME"),
    ] = None,
    _csv: CsvOption = False,
    state: StateOption = DEFAULT,
    stack: StackOption = None,
    _json: JsonOption = False,
) -> None:
    """Ask Athena: a named query of the stack's workgroup, or SQL. Without argument, list the named queries.

    salescast query top_products
    salescast query sales_by_day -p from=2026-11-01 -p country=France
    salescast query "SELECT status, count(*) FROM orders GROUP BY status"
    salescast query top_products --as-of 2026-11-20T03:00
    """
    from salescast.stack.services import athena

    output: Output = context.obj
    if text is not None and not text.strip():
        raise UsageError("the query is empty; give a name, or SQL")
    parameters = arguments.pairs(parameter, "-p from=2026-01-01")
    moment = arguments.instant("--as-of", as_of) if as_of else None
    target = arguments.stack(state, stack)
    if text is None:
        output.queries(athena.named_queries(target))
    else:
        output.result(athena.query(target, text, parameters, moment))


def project_sales(
    context: typer.Context,
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
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Say what it rests on, what changed, and what the days add up to."),
    ] = False,
    events: Annotated[
        Path | None,
        typer.Option(
            "--events", help="What is planned: a JSON list of name, first, last, closed.", metavar="FILE"
        ),
    ] = None,
    state: StateOption = DEFAULT,
    stack: StackOption = None,
    yes: YesOption = False,
    _json: JsonOption = False,
) -> None:
    """Project sales: run the projector, which publishes all series, and show the ones named (default: total).

    salescast project
    salescast project total channel:WEB --plot projection.svg
    salescast project --explain --events offers.json
    """
    from salescast.cli import projection_chart
    from salescast.functions import project

    output: Output = context.obj
    if plot:
        projection_chart.check_plot(plot)
    event: dict[str, Any] = {"series": names or ["total"], "horizon": horizon}
    if day:
        event["date"] = arguments.day("--date", day).isoformat()
    if events:
        event["events"] = project.read_events(events)
    target = arguments.stack(state, stack)
    consent.ask(target, "write a projection to the lake of", yes)
    answer = project.run(target, event)
    measure = "units" if units else "revenue"
    if plot:
        projection_chart.plot(plot, project.series(answer, measure), answer["currency"])
    output.projection(answer, measure, explain=explain)


def serve_dashboard(
    context: typer.Context,
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

    output: Output = context.obj
    arguments.stack(state, stack)
    server.serve(state.resolve(), stack, port, browser=browser, report=output.step)


def show_digest(
    context: typer.Context,
    day: Annotated[
        str | None,
        typer.Option("--date", help="Of this day (UTC).", metavar="YYYY-MM-DD", show_default="yesterday"),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write it as a page of HTML too.", metavar="FILE")
    ] = None,
    state: StateOption = DEFAULT,
    stack: StackOption = None,
    _json: JsonOption = False,
) -> None:
    """Sum up a day for who sells: what was sold, what moved, what to order, what failed.

    salescast digest
    salescast digest --date 2026-11-20 --html digest.html
    """
    from salescast.reports import digest, digest_text

    output: Output = context.obj
    chosen = arguments.day("--date", day) if day else None
    found = digest.gather(arguments.stack(state, stack), chosen)
    if html:
        html.write_text(digest_text.html(found), encoding="utf-8")
    output.digest(found)
