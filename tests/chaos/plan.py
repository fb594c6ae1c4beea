"""What happens in a run of kills: a seed's writes, pauses and kills, in their order.

A plan follows from its seed alone. What a kill hits still depends on the machine's timing, so a seed that
failed is played again as often as it takes.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from salescast.laptop import STAND_INS

ROUNDS = 12
DATES = 3
FIRST_DATE = date(2012, 1, 1)
STATUSES = ("SHIPPED", "DELIVERED", "CANCELLED", "RETURNED")


@dataclass(frozen=True)
class Change:
    """One write: `kind` INSERT, MODIFY or REMOVE of the order with this number."""

    kind: str
    order: int
    version: int
    order_date: str
    status: str
    quantity: int
    cents: int


@dataclass(frozen=True)
class Round:
    """Writes, a pause in seconds, then kills; what was killed starts again after `dead` seconds."""

    changes: tuple[Change, ...]
    pause: float
    kills: tuple[str, ...]
    dead: float
    crawl: bool


def plan(seed: int) -> list[Round]:
    """The rounds of a seed. Every process that is no emulator is among those that may be killed."""
    random = Random(seed)
    # Dates of its own, so that a seed's queries read its files only.
    first = FIRST_DATE + timedelta(days=seed % 1000 * DATES)
    dates = [str(first + timedelta(days=day)) for day in range(DATES)]
    live: dict[int, Change] = {}
    number = 0
    rounds = []
    for _ in range(ROUNDS):
        changes = []
        for _ in range(random.randint(5, 40)):
            kind = random.choices(("INSERT", "MODIFY", "REMOVE"), (5, 6, 1))[0] if live else "INSERT"
            if kind == "INSERT":
                number += 1
                change = Change(
                    kind, number, 1, random.choice(dates), "PLACED",
                    random.choice((-1, 1, 2, 12)), random.randint(0, 99_999),
                )  # fmt: skip
                live[number] = change
            else:
                # Mostly the latest orders, so that several versions are on their way at once.
                old = live[random.choice(sorted(live)[-8:])]
                if kind == "MODIFY":
                    change = Change(
                        kind, old.order, old.version + 1, old.order_date,
                        random.choice(STATUSES), old.quantity, old.cents + 1,
                    )  # fmt: skip
                    live[old.order] = change
                else:
                    change = Change(
                        kind, old.order, old.version, old.order_date, old.status, old.quantity, old.cents
                    )
                    del live[old.order]
            changes.append(change)
        kills = random.sample(STAND_INS, random.choice((0, 1, 1, 1, 2, len(STAND_INS))))
        rounds.append(
            Round(
                tuple(changes),
                pause=random.choice(
                    (0.0, random.uniform(0, 0.5), random.uniform(0.3, 1.2), random.uniform(1, 3))
                ),
                kills=tuple(kills),
                dead=random.choice((0.0, random.uniform(0, 0.5))),
                crawl=random.random() < 0.04,
            )
        )
    return rounds
