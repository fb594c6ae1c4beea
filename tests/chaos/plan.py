"""What happens in a run of faults: a seed's writes, pauses and faults, in their order.

A plan follows from its seed alone. What a fault hits still depends on the machine's timing, so a seed that
failed is played again as often as it takes.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import count
from random import Random

from salescast.laptop import STAND_INS
from tests.chaos.faults import KINDS, Fault

ROUNDS = 8
DATES = 3
FIRST_DATE = date(2012, 1, 1)
STATUSES = ("SHIPPED", "DELIVERED", "CANCELLED", "RETURNED")
# Hours by which the clock of who writes is off; the table's stream keeps its own time.
CLOCKS = (0, 0, 0, 0, -50_000, 700_000)


@dataclass(frozen=True)
class Change:
    """One write: `kind` INSERT, MODIFY or REMOVE of the order with this number.

    `clock` is by how many hours the writer's clock, that of `updated_ts`, is off.
    """

    kind: str
    order: int
    version: int
    order_date: str
    status: str
    quantity: int
    cents: int
    clock: int


@dataclass(frozen=True)
class Round:
    """Writes, a pause in seconds, then faults."""

    changes: tuple[Change, ...]
    pause: float
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Plan:
    """The rounds of a seed; `faults` numbers what is done to the stack, from 1 on."""

    seed: int
    rounds: tuple[Round, ...]

    @property
    def faults(self) -> dict[int, Fault]:
        return {fault.number: fault for step in self.rounds for fault in step.faults}

    def only(self, numbers: frozenset[int]) -> "Plan":
        """The same writes with these faults and no others."""
        rounds = (
            replace(step, faults=tuple(fault for fault in step.faults if fault.number in numbers))
            for step in self.rounds
        )
        return Plan(self.seed, tuple(rounds))


def plan(seed: int) -> Plan:
    """The plan of a seed. Each kind of fault, each process and each target is among those that may come."""
    random = Random(seed)
    # Dates of its own, so that a seed's queries read its files only.
    first = FIRST_DATE + timedelta(days=seed % 1000 * DATES)
    shop = _Shop(random, [str(first + timedelta(days=day)) for day in range(DATES)])
    rounds = []
    # Two faults of one kind undo each other's end: what one took away the other would find taken.
    busy: dict[str, int] = {}
    faults_so_far = count(1)
    for number in range(ROUNDS):
        changes = tuple(shop.change() for _ in range(random.randint(5, 40)))
        pause = random.choice((0.0, random.uniform(0, 0.5), random.uniform(0.3, 1.2), random.uniform(1, 3)))
        faults = []
        for _ in range(random.choice((0, 1, 1, 2, 3))):
            fault = _fault(random)
            if busy.get(KINDS[fault.kind].group, 0) <= number:
                busy[KINDS[fault.kind].group] = number + fault.rounds + 1
                faults.append(replace(fault, number=next(faults_so_far)))
        rounds.append(Round(changes, pause, tuple(faults)))
    return Plan(seed, tuple(rounds))


def _fault(random: Random) -> Fault:
    # Half of them kills, as it was before other faults were known.
    kind = random.choice(("kill", random.choice(sorted(KINDS))))
    target = random.choice(KINDS[kind].targets or STAND_INS)
    # A kill is done at once; what else goes wrong must last until somebody meets it.
    seconds = random.choice((0.0, random.uniform(0, 2))) if kind == "kill" else random.uniform(1, 5)
    return Fault(0, kind, target, seconds, random.choice((0, 0, 1, 2)))


class _Shop:
    """Orders as they are written, one change after another."""

    def __init__(self, random: Random, dates: list[str]) -> None:
        self._random = random
        self._dates = dates
        self._live: dict[int, Change] = {}
        self._orders = 0

    def change(self) -> Change:
        random, live = self._random, self._live
        kind = random.choices(("INSERT", "MODIFY", "REMOVE"), (5, 6, 1))[0] if live else "INSERT"
        clock = random.choice(CLOCKS)
        if kind == "INSERT":
            self._orders += 1
            change = Change(
                kind, self._orders, 1, random.choice(self._dates), "PLACED",
                random.choice((-1, 1, 2, 12)), random.randint(0, 99_999), clock,
            )  # fmt: skip
            live[change.order] = change
            return change
        # Mostly the latest orders, so that several versions are on their way at once.
        old = live[random.choice(sorted(live)[-8:])]
        if kind == "REMOVE":
            del live[old.order]
            return Change(
                kind, old.order, old.version, old.order_date, old.status, old.quantity, old.cents, clock
            )
        change = Change(
            kind, old.order, old.version + 1, old.order_date,
            random.choice(STATUSES), old.quantity, old.cents + 1, clock,
        )  # fmt: skip
        live[change.order] = change
        return change
