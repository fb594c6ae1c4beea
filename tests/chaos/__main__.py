"""Seeded kills on a stack of its own: `make chaos`, `make chaos SEEDS=10`, `make chaos SEED=7`.

Prints a line for each seed and a table at the end; ends 0 only if no seed lost or invented anything.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from salescast import laptop
from salescast.integrity import reconcile
from salescast.stack.stack import Stack
from salescast.stack.state import State
from tests.chaos.player import Player, Result

# A new stack every so often: the emulator keeps everything in memory.
SEEDS_PER_STACK = 20
FAST = 60.0
HEADINGS = ("seed", "kills", "changes", "rows", "duplicates in log", "missing", "seconds")


def main() -> int:
    """Read the command line, play the seeds, print what became of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--seeds", type=int, default=100, help="how many seeds, from 1 on (100)")
    parser.add_argument("--seed", type=int, help="this seed only")
    arguments = parser.parse_args()
    seeds = [arguments.seed] if arguments.seed is not None else list(range(1, arguments.seeds + 1))
    results: list[Result] = []
    for start in range(0, len(seeds), SEEDS_PER_STACK):
        results += _on_one_stack(seeds[start : start + SEEDS_PER_STACK])
    bad = [result for result in results if not result.good]
    print("\n" + table(results))
    for result in bad:
        print(f"seed {result.seed} failed, replay it with: make chaos SEED={result.seed}")
    return 1 if bad else 0


def _on_one_stack(seeds: list[int]) -> list[Result]:
    results = []
    with tempfile.TemporaryDirectory(prefix="salescast-chaos-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        try:
            stack = laptop.up(folder, fast=FAST, parameters={"FirstOrderDate": "2010-01-01"}, report=print)
            for seed in seeds:
                result = Player(stack, seed).play()
                _reconcile(stack, result)
                results.append(result)
                print(", ".join(f"{heading} {cell}" for heading, cell in cells(result)), flush=True)
                for fault in result.faults:
                    print(f"  {fault}", flush=True)
        finally:
            State(folder).down()
    return results


def _reconcile(stack: Stack, result: Result) -> None:
    """The whole stack, as `salescast reconcile` sees it, on top of what the player compared."""
    found = reconcile.reconcile(stack, settle=0)
    if not found.reconciled or found.failed_records or found.in_flight:
        result.faults.append(f"salescast reconcile: {found.as_json()}")


def cells(result: Result) -> list[tuple[str, str]]:
    """Heading and text of each column."""
    figures = (result.kills, result.changes, result.rows, result.duplicates, result.missing)
    texts = [str(result.seed), *map(str, figures), f"{result.seconds:.1f}"]
    return list(zip(HEADINGS, texts, strict=True))


def table(results: list[Result]) -> str:
    """All seeds and their sums, as Markdown."""
    lines = [f"| {' | '.join(HEADINGS)} |", "|" + " --- |" * len(HEADINGS)]
    lines += ["| " + " | ".join(text for _, text in cells(result)) + " |" for result in results]
    names = ("kills", "changes", "rows", "duplicates", "missing")
    sums = [str(sum(getattr(result, name) for result in results)) for name in names]
    total = f"{sum(result.seconds for result in results):.0f}"
    return "\n".join([*lines, f"| **{len(results)} seeds** | {' | '.join([*sums, total])} |"])


if __name__ == "__main__":
    sys.exit(main())
