"""What Trino answers to expressions, as the texts that Athena gives; kept in a file; and whether the laptop's
Athena says the same.
"""

from __future__ import annotations

import gzip
import json
import math
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.template import ROOT
from tests.trino.expressions import statement

KEPT = ROOT / "tests/trino/answers.json.gz"
MOST_KEPT = 2500
AT_ONCE = 20
RELATIVE = 1e-13
"""How far two doubles may lie apart: the last digits of exp, ln or power are up to the processor."""


@dataclass(frozen=True)
class Answer:
    """An expression's type and its texts by row; or the error that it is on Trino."""

    expression: str
    kind: str = ""
    texts: Sequence[str | None] = ()
    error: str = ""


@dataclass(frozen=True)
class Verdict:
    """equal, refused (by name, here), error (on both), or wrong; with what was said here."""

    word: str
    answer: Answer
    ours: str

    def __str__(self) -> str:
        theirs = self.answer.error or f"{self.answer.kind} {list(self.answer.texts)}"
        return f"{self.answer.expression}\n    Trino {theirs[:300]}\n    here  {self.ours[:300]}"


def keep(answers: Sequence[Answer]) -> None:
    """Write MOST_KEPT of the answers, spread over all of them."""
    step = max(len(answers) // MOST_KEPT, 1)
    kept = [[a.expression, a.kind, list(a.texts), a.error] for a in answers[::step]]
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in kept)
    KEPT.write_bytes(gzip.compress(text.encode(), mtime=0))


def kept() -> list[Answer]:
    """The answers that were kept."""
    return [Answer(*json.loads(line)) for line in gzip.decompress(KEPT.read_bytes()).decode().split("\n")]


def judged(answers: Sequence[Answer]) -> list[Verdict]:
    """The laptop's answers beside Trino's: many in a statement, and alone where one is refused."""
    batches = [answers[start : start + AT_ONCE] for start in range(0, len(answers), AT_ONCE)]
    together = here([statement([answer.expression for answer in batch]) for batch in batches])
    ours: list[dict[str, Any] | None] = []
    for batch, said in zip(batches, together, strict=True):
        if "error" in said:
            ours += [None] * len(batch)
        else:
            columns = zip(*said["rows"], strict=True)
            pairs = zip(said["types"], columns, strict=True)
            ours += [{"types": [kind], "rows": [[text] for text in texts]} for kind, texts in pairs]
    alone = [answer.expression for answer, mine in zip(answers, ours, strict=True) if mine is None]
    single = iter(here([statement([expression]) for expression in alone]) if alone else [])
    return [
        _verdict(a, mine if mine is not None else next(single)) for a, mine in zip(answers, ours, strict=True)
    ]


def _verdict(answer: Answer, ours: dict[str, Any]) -> Verdict:
    said = str(ours.get("error") or (ours["types"], [row[0] for row in ours["rows"]]))
    if "error" in ours:
        if ours["error"].startswith("NOT_SUPPORTED"):
            return Verdict("refused", answer, said)
        # TRY does not hear of a constant's error here: an error instead of NULL, which is not another answer.
        unheard = not ours["error"].startswith("SYNTAX_ERROR") and not any(answer.texts)
        return Verdict("error" if answer.error or unheard else "wrong", answer, said)
    if answer.error.startswith("GENERIC_INTERNAL_ERROR"):  # a mistake of Trino's: mod(1, 0)
        return Verdict("error", answer, said)
    if answer.error or type_of(ours["types"][0]) != type_of(answer.kind):
        return Verdict("wrong", answer, said)
    texts = [row[0] for row in ours["rows"]]
    alike = all(same(a, b, answer.kind) for a, b in zip(texts, answer.texts, strict=True))
    return Verdict("equal" if alike else "wrong", answer, said)


def of_trino(value: Any, kind: str) -> str | None:
    """The text of a JSON value of that type."""
    if value is None:
        return None
    if kind.startswith("array("):
        return "[" + ", ".join(_or_null(part, kind[6:-1]) for part in value) + "]"
    if kind.startswith("map("):
        _, of = _split(kind[4:-1])
        return "{" + ", ".join(f"{key}={_or_null(part, of)}" for key, part in value.items()) + "}"
    if kind.startswith("row("):
        fields = zip(value, _split(kind[4:-1]), strict=True)
        return "{" + ", ".join(f"field{n}={_or_null(part, of)}" for n, (part, of) in enumerate(fields)) + "}"
    if kind == "boolean":
        return "true" if value else "false"
    if kind in ("double", "real"):
        return repr(float(value))
    if kind.startswith("timestamp"):
        return _to_milliseconds(str(value))
    return str(value)


def _or_null(value: Any, kind: str) -> str:
    text = of_trino(value, kind)
    return "null" if text is None else text


def _split(inner: str) -> list[str]:
    places = [-1, *_commas(inner), len(inner)]
    return [inner[a + 1 : b].strip() for a, b in pairwise(places)]


def _commas(text: str) -> Iterator[int]:
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            yield place


def _to_milliseconds(text: str) -> str:
    day, _, rest = text.partition(" ")
    clock, _, zone = rest.partition(" ")
    whole, _, fraction = clock.partition(".")
    return f"{day} {whole}.{fraction:0<3.3}" + (f" {zone}" if zone else "")


def type_of(text: str) -> str:
    """A type's name without what Athena does not tell of it: lengths of texts, digits of seconds, fields."""
    text = re.sub(r"(varchar)\(\d+\)", r"\1", text.lower())
    text = re.sub(r"timestamp\(\d+\)", "timestamp", text)
    return re.sub(r'"\w*" |\s', "", text)


def same(ours: str | None, theirs: str | None, kind: str) -> bool:
    """Whether two texts say the same; doubles up to RELATIVE."""
    if ours == theirs or ours is None or theirs is None:
        return ours == theirs
    if "double" in kind or "real" in kind:
        numbers = [
            re.findall(r"NaN|nan|-?[Ii]nf\w*|-?[0-9.]+(?:[eE][+-]?[0-9]+)?", text) for text in (ours, theirs)
        ]
        return len(numbers[0]) == len(numbers[1]) and all(
            _close(float(a), float(b)) for a, b in zip(*numbers, strict=True)
        )
    return False


def _close(a: float, b: float) -> bool:
    return (math.isnan(a) and math.isnan(b)) or a == b or math.isclose(a, b, rel_tol=RELATIVE)


def here(statements: Sequence[str]) -> list[dict[str, Any]]:
    """What the laptop's Athena answers to each, see tests/trino/here.py."""
    finished = subprocess.run(
        [str(ROOT / ".venv-emulator/bin/python"), "-m", "tests.trino.here"],
        input=json.dumps(list(statements)),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
    answered: list[dict[str, Any]] = json.loads(finished.stdout)
    return answered
