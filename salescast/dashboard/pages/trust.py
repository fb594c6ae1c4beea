"""Trust: whether all changes are there, how fast they come, and how wrong the projections were."""

from datetime import UTC, date, datetime

import polars as pl
import streamlit as st

from salescast.dashboard import charts, formatting
from salescast.dashboard.answers import TEN_MINUTES, Question
from salescast.dashboard.view import View, card, command, empty, figure, figures, guarded, loading, small
from salescast.integrity import health, last_reconciliation, reconcile
from salescast.stack import money

MARKS = {
    health.OK: ":green-badge[:material/check: ok]",
    health.WARNING: ":orange-badge[:material/warning: warning]",
    health.DOWN: ":red-badge[:material/close: down]",
}
# On AWS a change takes a minute or two (Firehose's buffering).
SLOW_SECONDS = 300
TOO_FEW_INSIDE = 0.65
FRESHNESS = Question("freshness", ("change_date", "median_seconds", "p95_seconds", "longest_seconds"))
DUPLICATES = Question("duplicate_deliveries", ("row_count", "duplicates"))
ACCURACY = Question(
    "accuracy_by_horizon",
    ("horizon", "days", "wape", "naive_wape", "coverage80", "coverage95", "actual"),
    TEN_MINUTES,
)


def page(view: View) -> None:
    """Verdicts in a sentence each; what stands behind them is folded below."""
    with card("In short", "verdicts"):
        with guarded(view.target):
            _reconciliation(view)
        with guarded(view.target), loading("failing", 56):
            failing = health.failing(view.stack)
            _failures(view, failing)
        with guarded(view.target), loading("stages", 56):
            stages = health.stages(view.stack)
            _working(stages)
        with loading("trust", 112):
            fresh, repeated, accuracy = (answer.frame for answer in view.ask(FRESHNESS, DUPLICATES, ACCURACY))
        _speed(view, fresh)
        weeks = by_weeks(accuracy)
        _hits(view, accuracy)
    if not accuracy.is_empty():
        with st.expander("Projections by how far ahead"):
            _accuracy(weeks)
    if not fresh.is_empty():
        with st.expander("How fast changes arrive, by day"):
            _lag(fresh, repeated)
    with guarded(view.target), st.expander("Orders table and lake, side by side"):
        _sides(view)
    with guarded(view.target), st.expander("Every stage, for who operates it"):
        _stages(stages)
    if failing.reasons:
        with st.expander("Changes refused in 24 hours, by reason"):
            _reasons(failing)


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


def _sides(view: View) -> None:
    last = last_reconciliation.read(view.stack)
    if last is None:
        small("Not compared yet.")
        return
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


def _working(stages: list[health.Stage]) -> None:
    worst, sentence = health.summary(stages)
    told = _cell(sentence.partition(". Next")[0])
    if worst == health.OK:
        st.success(
            f"Everything works: {told.replace(' are ', ' stages are ')}.", icon=":material/check_circle:"
        )
    elif worst == health.WARNING:
        st.warning(f"It works, with something to look at: {told}.", icon=":material/warning:")
    else:
        st.error(f"Not everything works: {told}.", icon=":material/error:")


def _stages(stages: list[health.Stage]) -> None:
    lines = ["| stage | state | detail |", "|---|---|---|"]
    lines += [f"| {stage.name} | {MARKS[stage.health]} | {_cell(stage.detail)} |" for stage in stages]
    st.markdown("\n".join(lines))


def _cell(text: str) -> str:
    return formatting.escaped(text.replace("|", "\\|").replace("\n", " "))


def _failures(view: View, failing: health.Failing) -> None:
    kept, refused = failing.errors + failing.dead_letters, sum(failing.reasons.values())
    if kept:
        st.warning(
            f"Not taken in, but kept: {formatting.count(failing.errors)} file(s) of changes and "
            f"{formatting.count(failing.dead_letters)} message(s); {formatting.count(refused)} refused "
            f"in 24 hours. Mend the cause, then deliver them again: {command('redrive', view.target)}.",
            icon=":material/inbox:",
        )
    else:
        st.success("No change of an order waits to be mended.", icon=":material/check_circle:")


def _reasons(failing: health.Failing) -> None:
    reasons = pl.DataFrame(
        sorted(failing.reasons.items(), key=lambda item: -item[1]), schema=["reason", "changes"], orient="row"
    )
    st.dataframe(reasons, hide_index=True, alt="Refused changes by reason")


def _speed(view: View, fresh: pl.DataFrame) -> None:
    if fresh.is_empty():
        empty("No change has arrived yet.", f"Write some: {command('generate --rate 5', view.target)}")
        return
    last = fresh.row(-1, named=True)
    day = date.fromisoformat(last["change_date"])
    half, most = (health.span(last[name]) for name in ("median_seconds", "p95_seconds"))
    told = f"on {formatting.days(day, day)} half of them within {half}, 95 % within {most}."
    if last["p95_seconds"] <= SLOW_SECONDS:
        st.success(f"Changes arrive in time: {told}", icon=":material/speed:")
    else:
        st.warning(f"Changes arrive late: {told}", icon=":material/speed:")


def _lag(fresh: pl.DataFrame, repeated: pl.DataFrame) -> None:
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
    with figures("lag"):
        figure("Slowest", f"{last['longest_seconds']:,} s")
        figure(
            "Delivered twice",
            formatting.percent(twice / rows if rows else None),
            explanation="Of what arrived lately. Delivery is at least once; every change is counted once.",
        )
    small(f"From the change of the order to its row leaving the transformer, {last['change_date']} UTC.")


def by_weeks(accuracy: pl.DataFrame) -> pl.DataFrame:
    """Accuracy by horizon added up over weeks ahead: `week` (1 is days 1 to 7), `days`, `missed` and
    `naive_missed` (sums of absolute errors over the sum of sales), `inside80`, `inside95` (shares of days).

    Over a week one day that sold next to nothing does not make the error several times its sales.
    """
    return (
        accuracy.filter(pl.col("horizon") >= 1)
        .with_columns(week=(pl.col("horizon") - 1) // 7 + 1)
        .group_by("week")
        .agg(
            pl.col("days").sum(),
            missed=(pl.col("wape") * pl.col("actual")).sum() / pl.col("actual").sum(),
            naive_missed=(pl.col("naive_wape") * pl.col("actual")).sum() / pl.col("actual").sum(),
            inside80=(pl.col("coverage80") * pl.col("days")).sum() / pl.col("days").sum(),
            inside95=(pl.col("coverage95") * pl.col("days")).sum() / pl.col("days").sum(),
        )
        .sort("week")
    )


def _hits(view: View, accuracy: pl.DataFrame) -> None:
    if accuracy.is_empty():
        empty(
            "No projected day has come yet, so nothing can be said of projections.",
            f"The projector runs daily; {command('project', view.target)} runs it now.",
        )
        return
    days, sold = int(accuracy["days"].sum()), formatting.total(accuracy["actual"])
    if not sold:
        st.info("Nothing was sold on the projected days.", icon=":material/info:")
        return
    missed, naive = (
        formatting.total(accuracy[name] * accuracy["actual"]) / sold for name in ("wape", "naive_wape")
    )
    inside = formatting.total(accuracy["coverage80"] * accuracy["days"]) / days
    told = (
        f"Projections of a day were off by {formatting.percent(missed)} of its sales; repeating the week "
        f"before, by {formatting.percent(naive)}. {formatting.percent(inside)} of {days:,} days were in the "
        "band that should hold 80 %."
    )
    if missed <= naive and inside >= TOO_FEW_INSIDE:
        st.success(told, icon=":material/query_stats:")
    else:
        st.warning(told, icon=":material/query_stats:")


def _accuracy(weeks: pl.DataFrame) -> None:
    ahead = pl.format("days {} to {}", pl.col("week") * 7 - 6, pl.col("week") * 7)
    st.dataframe(
        weeks.select(
            ahead.alias("ahead"),
            "days",
            (100 * pl.col("missed")).alias("off by"),
            (100 * pl.col("naive_missed")).alias("repeating the week before"),
            (100 * pl.col("inside80")).alias("inside the 80 % band"),
            (100 * pl.col("inside95")).alias("inside the 95 % band"),
        ),
        hide_index=True,
        column_config={
            name: st.column_config.NumberColumn(format="%.0f %%")
            for name in (
                "off by",
                "repeating the week before",
                "inside the 80 % band",
                "inside the 95 % band",
            )
        },
        alt="How far projections were off, by weeks ahead",
    )
    small(
        "Of the daily total's net revenue: absolute errors added up, over sales added up (WAPE), so that one "
        "odd day weighs what it sold."
    )
