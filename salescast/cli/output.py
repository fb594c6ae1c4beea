"""What the command prints: a method for each kind of answer, and an implementation for each format.

The format is chosen once, by --json or --csv; no command asks for it. Answers go to stdout, everything else
to stderr.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

from salescast.cli.progress import Bars
from salescast.cli.visible import Visible

if TYPE_CHECKING:
    from salescast.cli.demo_steps import Demo
    from salescast.cost.bill import Bill
    from salescast.functions.compact import Compaction
    from salescast.functions.erase import Erasure
    from salescast.functions.generate import Generated
    from salescast.functions.load import Load
    from salescast.integrity.health import Stage
    from salescast.integrity.reconcile import Reconciliation
    from salescast.integrity.redrive import Redrive
    from salescast.replay.problems import Problem
    from salescast.replay.replay import Rehearsal, Replay
    from salescast.reports.digest import Digest
    from salescast.stack.destroy import Destroyed
    from salescast.stack.services.athena import NamedQuery, Result
    from salescast.stack.stack import Stack
    from salescast.stack.state import State

EXAMPLES = 10


class Output(ABC):
    """Answers in one format. Consoles are those of stdout and stderr unless others are given."""

    def __init__(self, out: Console | None = None, err: Console | None = None) -> None:
        self.out = out or Console(highlight=False)
        self.err = err or Console(stderr=True, highlight=False)
        for console in (self.out, self.err):
            console.push_render_hook(Visible())

    def step(self, text: str) -> None:
        """Say what happens now."""
        self.err.print(f"[cyan]•[/] {escape(text)}", soft_wrap=True)

    def error(self, text: str) -> None:
        """Say why the command ends."""
        self.err.print(f"[red]Error:[/] {escape(text)}", soft_wrap=True)

    def interrupted(self) -> None:
        """Say that the user ended the command."""
        self.err.print("interrupted")

    def problems(self, problems: Iterable[Problem]) -> None:
        """What kept lines of a file from becoming orders, a line for each kind."""
        for problem in problems:
            examples = [
                f"{line} ({text})" if text else str(line)
                for line, text in zip(problem.lines[:EXAMPLES], problem.texts, strict=False)
            ]
            more = f" and {problem.count - EXAMPLES:,} more" if problem.count > EXAMPLES else ""
            lines = "line" if problem.count == 1 else f"{problem.count:,} lines:"
            text = f"{problem.column} {problem.reason}: {lines} {', '.join(examples)}{more}"
            self.err.print(text, markup=False, soft_wrap=True)

    @abstractmethod
    def progress(self) -> Bars:
        """Bars to be entered while something is counted."""

    @abstractmethod
    def up(self, stack: Stack) -> None:
        """A laptop stack that runs now."""

    @abstractmethod
    def down(self, state: State, ended: Sequence[str]) -> None:
        """The processes of a laptop stack that were ended."""

    @abstractmethod
    def stages(self, stages: Sequence[Stage]) -> None:
        """The health of each stage."""

    @abstractmethod
    def environment(self, variables: Mapping[str, str]) -> None:
        """What AWS clients read from their environment to use a laptop stack."""

    @abstractmethod
    def destroyed(self, destroyed: Destroyed) -> None:
        """A deleted stack, and what its policy retained."""

    @abstractmethod
    def bills(self, bills: Sequence[Bill]) -> None:
        """A month's bill of the first design, and what the others would cost."""

    @abstractmethod
    def generated(self, generated: Generated) -> None:
        """What the generator wrote."""

    @abstractmethod
    def replayed(self, replay: Replay) -> None:
        """What a replay wrote."""

    @abstractmethod
    def loaded(self, load: Load) -> None:
        """Orders brought into the lake, and those that the stream refused."""

    @abstractmethod
    def compacted(self, compaction: Compaction) -> None:
        """A run of the lake's job."""

    @abstractmethod
    def erased(self, erasure: Erasure) -> None:
        """A customer who is forgotten, and what still holds the id."""

    @abstractmethod
    def rehearsed(self, rehearsal: Rehearsal) -> None:
        """What a replay would write."""

    @abstractmethod
    def queries(self, queries: Sequence[NamedQuery]) -> None:
        """What can be asked by name."""

    @abstractmethod
    def result(self, result: Result) -> None:
        """The answer to a query."""

    @abstractmethod
    def projection(self, answer: dict[str, Any], measure: str, *, explain: bool = False) -> None:
        """The projector's answer. `measure` is the one a reader wants to see: revenue or units.

        explain: with sentences on what it rests on.
        """

    @abstractmethod
    def digest(self, digest: Digest) -> None:
        """The summary of a day."""

    @abstractmethod
    def reconciliation(self, reconciliation: Reconciliation) -> None:
        """Table and lake compared."""

    @abstractmethod
    def redriven(self, redrive: Redrive) -> None:
        """What was delivered again, and why the rest was not."""

    @abstractmethod
    def demo(self, demo: Demo) -> None:
        """The outcome of `make demo`."""
