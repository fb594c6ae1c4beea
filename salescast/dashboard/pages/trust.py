"""Trust: whether all changes are there, how fast they come, and how wrong the projections were."""

from datetime import UTC, datetime

import polars as pl
import streamlit as st

from salescast.dashboard import charts, formatting
from salescast.dashboard.answers import TEN_MINUTES, Question
from salescast.dashboard.view import View, command, empty, guarded, small
from salescast.integrity import health, last_reconciliation, reconcile
from salescast.stack import money

MARKS = {
    health.OK: ":green-badge[:material/check: ok]",
    health.WARNING: ":orange-badge[:material/warning: warning]",
    health.DOWN: ":red-badge[:material/close: down]",
}
FRESHNESS = Question("freshness", ("change_date", "median_seconds", "p95_seconds", "longest_seconds"))
DUPLICATES = Question("duplicate_deliveries", ("row_count", "duplicates"))
ACCURACY = Question(
    "accuracy_by_horizon",
    ("horizon", "days", "wape", "naive_wape", "coverage80", "coverage95", "actual"),
    TEN_MINUTES,
)


def page(view: View) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.header("Is everything there?", anchor=False)
        with guarded(view.target):
            _reconciliation(view)
        with guarded(view.target):
            _failures(view)
    with right:
        st.header("Is everything working?", anchor=False)
        with guarded(view.target):
            _stages(view)
    left, right = st.columns(2, gap="large")
    fresh, repeated, accuracy = view.ask(FRESHNESS, DUPLICATES, ACCURACY)
    with left:
        st.header("How fast do changes arrive?", anchor=False)
        _lag(view, fresh.frame, repeated.frame)
    with right:
        st.header("How good were the projections?", anchor=False)
        _accuracy(view, accuracy.frame)


def _reconciliation(view: View) -> None:
    if st.button(
        "Reconcile now",
        icon=":material/balance:",
        help="Reads the whole orders table and compares it with the lake.",
    ):
        with st.status("Reconciling the orders table with the lake", expanded=True) as status:
            result = reconcile.reconcile(view.stack, report=status.write)
            last_reconciliation.keep(view.stack, result)
            status.update(state="complete", expanded=False)
    last = last_reconciliation.read(view.stack)
    if last is None:
        empty(
            "This stack has not been reconciled yet.",
            f"Press the button, or run {command('reconcile', view.target)}.",
        )
        return
    age = datetime.now(UTC) - datetime.fromisoformat(last["reconciled_at"])
    summary = (
        f"{health.span(age.total_seconds())} ago: {last['table_orders']:,} orders, "
        f"{last['table_versions']:,} changes"
    )
    lost = (last.get("log") or {}).get("missing", 0)
    if last["reconciled"] and not last["failed_records"] and not last["in_flight"]:
        st.success(f"Reconciled {summary}; nothing is missing, to the cent.", icon=":material/verified:")
    elif last["reconciled"]:
        st.warning(
            f"Reconciled {summary}; {last['in_flight']:,} in flight, "
            f"{last['failed_records']:,} failed and kept.",
            icon=":material/pending:",
        )
    else:
        st.error(
            f"Not reconciled {summary}; {last['missing']:,} order(s) and {lost:,} change(s) missing, "
            f"{last['unexpected']:,} unexpected. "
            f"{command('reconcile', view.target)} lists them.",
            icon=":material/error:",
        )
    rows = [
        ("orders", formatting.count(last["table_orders"]), formatting.count(last["lake_orders"])),
        ("changes", formatting.count(last["table_versions"]), formatting.count(last["lake_versions"])),
        ("amount", *(_amount(last[f"{side}_amount"]) for side in ("table", "lake"))),
    ]
    lines = ["| of | orders table | lake |", "|---|--:|--:|", *(f"| {a} | {b} | {c} |" for a, b, c in rows)]
    st.markdown("\n".join(lines))


def _amount(text: str) -> str:
    """An exact amount, with two decimals at the least."""
    places = max(2, len(text.partition(".")[2]))
    return f"{money.exact(text):,.{places}f}"


def _stages(view: View) -> None:
    stages = health.stages(view.stack)
    small(_cell(health.summary(stages)[1]))
    lines = ["| stage | state | detail |", "|---|---|---|"]
    lines += [f"| {stage.name} | {MARKS[stage.health]} | {_cell(stage.detail)} |" for stage in stages]
    st.markdown("\n".join(lines))


def _cell(text: str) -> str:
    return formatting.escaped(text.replace("|", "\\|").replace("\n", " "))


def _failures(view: View) -> None:
    failing = health.failing(view.stack)
    with st.container(horizontal=True):
        st.metric("Objects under errors/", formatting.count(failing.errors), border=True)
        st.metric("Dead letters", formatting.count(failing.dead_letters), border=True)
        refused = sum(failing.reasons.values())
        st.metric("Changes refused, 24 hours", formatting.count(refused), border=True)
    if failing.errors or failing.dead_letters:
        small(f"They are kept. Mend the cause, then deliver them again: {command('redrive', view.target)}.")
    if failing.reasons:
        reasons = pl.DataFrame(
            sorted(failing.reasons.items(), key=lambda item: -item[1]),
            schema=["reason", "changes"],
            orient="row",
        )
        st.dataframe(reasons, hide_index=True, alt="Refused changes by reason")


def _lag(view: View, fresh: pl.DataFrame, repeated: pl.DataFrame) -> None:
    if fresh.is_empty():
        empty("No change has arrived yet.", f"Write some: {command('generate --rate 5', view.target)}")
        return
    lines = [
        fresh.select(day="change_date", value=name, what=pl.lit(what))
        for what, name in (
            ("half of the changes", "median_seconds"),
            ("95 %", "p95_seconds"),
            ("the slowest", "longest_seconds"),
        )
    ]
    if fresh.height > 1:
        charts.show(
            charts.lines(pl.concat(lines), "day", "seconds from change to row", "day of the change (UTC)"),
            "Seconds from a change to its row, by day",
        )
    last, rows, twice = (
        fresh.row(-1, named=True),
        formatting.total(repeated["row_count"]),
        formatting.total(repeated["duplicates"]),
    )
    with st.container(horizontal=True):
        st.metric(
            "Half within",
            f"{last['median_seconds']:,} s",
            help=f"On {last['change_date']}.",
            border=True,
        )
        st.metric("95 % within", f"{last['p95_seconds']:,} s", border=True)
        st.metric("Slowest", f"{last['longest_seconds']:,} s", border=True)
        st.metric(
            "Delivered twice",
            formatting.percent(twice / rows if rows else None),
            help="Of what arrived lately. Delivery is at least once; the views count each change once.",
            border=True,
        )
    small(f"From the change of the order to its row leaving the transformer, {last['change_date']} UTC.")


def _accuracy(view: View, accuracy: pl.DataFrame) -> None:
    if accuracy.is_empty():
        empty(
            "No projected day has come yet, so nothing can be said.",
            f"The projector runs daily; {command('project', view.target)} runs it now.",
        )
        return
    days = int(accuracy["days"].sum())
    sold = formatting.total(accuracy["actual"])
    wape, naive = (
        formatting.total(accuracy[name] * accuracy["actual"]) / sold if sold else None
        for name in ("wape", "naive_wape")
    )
    with st.container(horizontal=True):
        st.metric(
            "Error (WAPE)",
            formatting.percent(wape),
            None if wape is None or naive is None else f"{100 * (wape - naive):+.1f} points",
            delta_color="inverse",
            help="Sum of absolute errors over the sum of sales, of the total's net revenue; "
            "below it, how that compares with repeating last week.",
            border=True,
        )
        for level in (80, 95):
            inside = formatting.total(accuracy[f"coverage{level}"] * accuracy["days"]) / days
            st.metric(
                f"In the {level} % interval",
                formatting.percent(inside),
                border=True,
            )
    lines = [
        accuracy.select("horizon", value=pl.col(name) * 100, what=pl.lit(what))
        for what, name in (("projection", "wape"), ("same day last week", "naive_wape"))
    ]
    charts.show(
        charts.lines(pl.concat(lines), "horizon", "error (WAPE), %", "days ahead"),
        "Error of past projections by days ahead, against repeating last week",
    )
    small(f"Past projections of the daily total against what happened: {days:,} days.")
