"""Seeded faults on a stack of its own: `make chaos`, `make chaos SEEDS=10`, `make chaos SEED=7 FAULTS=2,5`.

Prints each plan and what became of it, and a table at the end; ends 0 only if nothing was lost that nobody
said was lost. A plan that fails is played again with fewer faults, as long as it still fails.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from salescast import laptop
from salescast.stack.stack import Stack
from salescast.stack.state import State
from tests.chaos.checker import Checker
from tests.chaos.plan import Plan, plan
from tests.chaos.player import Player, Result

# A new stack every so often: the emulator keeps everything in memory.
PLANS_PER_STACK = 20
FAST = 60.0
# Ten attempts in place of twelve hours: what cannot be delivered is to be dead-lettered within a plan.
PARAMETERS = {
    "FirstOrderDate": "2010-01-01",
    "GeneratorSchedule": "DISABLED",
    "LakeJobSchedule": "DISABLED",
    "PipeRetryAttempts": "10",
}
SHRINKS = 12
COLUMNS = ("faults", "changes", "failed", "redriven", "lost", "repeated")


def main() -> int:
    """Read the command line, play the plans, print what became of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--seeds", type=int, default=100, help="how many seeds (100)")
    parser.add_argument("--first", type=int, default=1, help="the first of them (1)")
    parser.add_argument("--seed", type=int, help="this seed only")
    parser.add_argument("--faults", help="with --seed: these faults of its plan only, by number (2,5)")
    arguments = parser.parse_args()
    if arguments.seed is not None:
        plans = [plan(arguments.seed)]
        if arguments.faults:
            plans = [plans[0].only(frozenset(int(number) for number in arguments.faults.split(",")))]
    else:
        plans = [plan(seed) for seed in range(arguments.first, arguments.first + arguments.seeds)]
    results = play(plans)
    print("\n" + table(results))
    bad = [one for one, result in zip(plans, results, strict=True) if not result.good]
    for one in bad:
        faults = shrunk(one) if len(one.faults) > 1 else sorted(one.faults)
        which = f" FAULTS={','.join(map(str, faults))}" if faults else ""
        print(f"seed {one.seed} failed, replay it with: make chaos SEED={one.seed}{which}")
    return 1 if bad else 0


def play(plans: list[Plan]) -> list[Result]:
    """Play the plans one after another. After one that lost something comes a new stack."""
    results: list[Result] = []
    while len(results) < len(plans):
        with new_stack() as stack:
            checker = Checker(stack)
            for one in plans[len(results) :][:PLANS_PER_STACK]:
                print(f"seed {one.seed}", flush=True)
                for number, fault in one.faults.items():
                    print(f"  {number:2} {fault}", flush=True)
                result = Player(stack, one, checker).play()
                results.append(result)
                print("  " + ", ".join(f"{name} {getattr(result, name)}" for name in COLUMNS), flush=True)
                for text in result.wrong:
                    print(f"  WRONG: {text}", flush=True)
                if result.lost or result.wrong:
                    break
    return results


@contextmanager
def new_stack() -> Iterator[Stack]:
    with tempfile.TemporaryDirectory(prefix="salescast-chaos-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        try:
            yield laptop.up(folder, fast=FAST, parameters=PARAMETERS, report=lambda _: None)
        finally:
            State(folder).down()


def shrunk(failed: Plan) -> list[int]:
    """The numbers of fewer faults with which the plan still fails, one left out after another."""
    numbers = set(failed.faults)
    for number in sorted(numbers)[:SHRINKS]:
        if len(numbers) > 1:
            [result] = play([failed.only(frozenset(numbers - {number}))])
            if not result.good:
                numbers.discard(number)
    return sorted(numbers)


def table(results: list[Result]) -> str:
    """All plans and their sums, as Markdown."""
    headings = ("seed", *COLUMNS, "seconds")
    lines = [f"| {' | '.join(headings)} |", "|" + " --- |" * len(headings)]
    for result in results:
        cells = [str(getattr(result, name)) for name in ("seed", *COLUMNS)]
        lines.append(f"| {' | '.join([*cells, f'{result.seconds:.0f}'])} |")
    sums = [str(sum(getattr(result, name) for result in results)) for name in COLUMNS]
    seconds = f"{sum(result.seconds for result in results):.0f}"
    return "\n".join([*lines, f"| **{len(results)} plans** | {' | '.join([*sums, seconds])} |"])


if __name__ == "__main__":
    sys.exit(main())
