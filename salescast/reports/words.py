"""Numbers and moments as people read them: with separators and units, a minus sign and not a hyphen."""

from datetime import date, datetime

SYMBOLS = {"EUR": "€", "GBP": "£", "JPY": "¥", "USD": "$"}
MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"
# A percentage against fewer orders than these would be noise.
FEW_ORDERS = 5
WORDS = {
    code: code.capitalize()
    for code in (
        *("WEB", "STORE", "MOBILE", "MARKETPLACE"),
        *("PLACED", "SHIPPED", "DELIVERED", "CANCELLED", "RETURNED"),
    )
}


def money(value: float | None, currency: str) -> str:
    """£1,234 from a thousand on, £12.34 below; currencies without a common sign stand as their code."""
    if value is None:
        return NONE
    digits = 0 if abs(value) >= 1000 else 2
    sign = MINUS if round(value, digits) < 0 else ""
    symbol = SYMBOLS.get(currency, f"{currency} ")
    return f"{sign}{symbol}{abs(value):,.{digits}f}"


def count(value: float | None) -> str:
    """1,234"""
    return NONE if value is None else f"{value:,.0f}".replace("-", MINUS)


def percent(share: float | None) -> str:
    """12.3 % of a share of 0.123."""
    return NONE if share is None else f"{100 * share:,.1f} %".replace("-", MINUS)


def change(now: float, before: float) -> str | None:
    """How much more than before, as st.metric's delta takes it; None when there was nothing before."""
    return f"{100 * (now - before) / abs(before):+,.1f} %" if before else None


def change_worth_saying(now: float, before: float, orders_before: float) -> str | None:
    """Like `change`, but None also where there is nothing now, or too few orders were before."""
    return change(now, before) if now and orders_before >= FEW_ORDERS else None


def day(when: date) -> str:
    """26 Nov"""
    return f"{when.day} {when:%b}"


def days(first: date, last: date) -> str:
    """1 Nov to 26 Nov 2026, the year with both where they differ; one day stands alone."""
    if first == last:
        return f"{day(first)} {first.year}"
    return f"{day(first)}{'' if first.year == last.year else f' {first.year}'} to {day(last)} {last.year}"


def word(code: str | None) -> str:
    """A channel or status of the data contract as people write it; any other text as it is."""
    return NONE if code is None else WORDS.get(code, code)


def moment(text: str) -> datetime:
    """Athena's text of a timestamp or date, which is UTC, without a time zone."""
    return datetime.fromisoformat(text)
