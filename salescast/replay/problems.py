"""What keeps lines from becoming orders, told by kind: a column that fails throughout is one message."""

from collections.abc import Iterator
from dataclasses import dataclass, field

LINES_KEPT = 100


@dataclass
class Problem:
    """A kind of trouble: the column, what is wrong, how many lines have it, the first of them and their
    texts.
    """

    column: str
    reason: str
    count: int = 0
    lines: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        return dict(vars(self))


class Problems:
    """The kinds of trouble that a file has, in the order in which they were met."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str], Problem] = {}

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._kinds.values())

    def __len__(self) -> int:
        return sum(problem.count for problem in self)

    def add(self, line: int, column: str, reason: str, text: str = "") -> None:
        """Count a line."""
        problem = self._kinds.setdefault((column, reason), Problem(column, reason))
        problem.count += 1
        if len(problem.lines) < LINES_KEPT:
            problem.lines.append(line)
            problem.texts.append(text[:60])

    def restore(self, kinds: list[dict[str, object]]) -> None:
        """Take over what an interrupted run had counted (`as_json` of its problems)."""
        for kind in kinds:
            problem = Problem(**kind)  # type: ignore[arg-type]
            self._kinds[problem.column, problem.reason] = problem
