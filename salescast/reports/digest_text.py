"""A digest in words: sections of lines, as plain text and as one page of HTML that e-mail programs show."""

from html import escape

from salescast.integrity import health
from salescast.reports import restock, words
from salescast.reports.digest import Digest, Mover, Sold
from salescast.reports.restock import Need

Sections = list[tuple[str, list[str]]]
MOST_TO_ORDER = 10
_PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body style="font-family: sans-serif; color: #16202A; max-width: 40em; margin: 1.5em auto; line-height: 1.5">
<h1 style="font-size: 1.4em">{title}</h1>
{sections}</body></html>
"""


def title(digest: Digest) -> str:
    """What it is about, for a headline or a subject."""
    return f"{digest.shop.capitalize()}, {digest.day:%A} {words.days(digest.day, digest.day)}"


def sections(digest: Digest) -> Sections:
    """Headings, each with its lines."""
    weekday = f"{digest.day:%A}"
    return [
        (
            "Sold",
            [
                _sold("The day", digest.yesterday, digest.currency, f"the {weekday} before"),
                _sold("Its week", digest.week, digest.currency, "the week before"),
            ],
        ),
        ("Rose most in the week", [_moved(one, digest.currency) for one in digest.up] or ["Nothing."]),
        ("Fell most in the week", [_moved(one, digest.currency) for one in digest.down] or ["Nothing."]),
        (f"To order within {restock.SOON_DAYS} days", _to_order(digest.to_order)),
        ("Can it be trusted?", _trust(digest)),
    ]


def text(digest: Digest) -> str:
    """Plain text, a line for each thing."""
    blocks = [
        f"{heading}\n" + "\n".join(f"  {line}" for line in lines) for heading, lines in sections(digest)
    ]
    return "\n\n".join([title(digest), *blocks])


def html(digest: Digest) -> str:
    """One page without scripts, pictures or anything from elsewhere."""
    blocks = [
        f'<h2 style="font-size: 1.05em; margin-bottom: 0.2em">{escape(heading)}</h2>\n<ul>\n'
        + "".join(f"<li>{escape(line)}</li>\n" for line in lines)
        + "</ul>\n"
        for heading, lines in sections(digest)
    ]
    return _PAGE.format(title=escape(title(digest)), sections="".join(blocks))


def _sold(what: str, sold: Sold, currency: str, before: str) -> str:
    now, then = float(sold.net_revenue), float(sold.net_revenue_before)
    change = words.change_worth_saying(now, then, sold.orders_before)
    against = f"{change.replace('-', words.MINUS)} on" if change else "against"
    return (
        f"{what}: {words.money(now, currency)} in {words.count(sold.orders)} orders, {against} "
        f"{words.money(then, currency)} {before}"
    )


def _moved(mover: Mover, currency: str) -> str:
    now, then = (words.money(float(one), currency) for one in (mover.net_revenue, mover.net_revenue_before))
    return f"{mover.product_name}: {now}, {then} the week before"


def _to_order(needs: list[Need]) -> list[str]:
    lines = []
    for need in needs[:MOST_TO_ORDER]:
        by = f"by {words.day(need.order_by)}" if need.order_by else ""
        out = f", runs out {words.day(need.runs_out)}" if need.runs_out else ""
        lines.append(f"{need.product_name}: {words.count(need.quantity)} {by}; {need.stock:,} in stock{out}")
    if len(needs) > MOST_TO_ORDER:
        lines.append(f"and {len(needs) - MOST_TO_ORDER} more")
    return lines or ["Nothing."]


def _trust(digest: Digest) -> list[str]:
    failed = (
        f"{words.count(digest.failed)} file(s) or message(s) of changes wait to be mended; they are kept"
        if digest.failed
        else "No change of an order waits to be mended"
    )
    state = "Everything works" if digest.health == health.OK else f"To look at: {digest.told}"
    return [failed, state]
