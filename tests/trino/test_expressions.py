"""20,000 expressions, made by Hypothesis out of the tables of functions: equal on Trino, or refused by name.

What Trino answers is kept in answers.json.gz, which `make test` asks the laptop's Athena again
(tests/unit/local/emulator/athena/test_expressions.py). SALESCAST_EXPRESSIONS is their number, SALESCAST_SEED
what they are made from.
"""

from __future__ import annotations

import os
import urllib.error
from collections import Counter

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.trino import answers
from tests.trino.expressions import any_expression, statement
from tests.trino.server import TrinoError, raw

COUNT = int(os.environ.get("SALESCAST_EXPRESSIONS", "20000"))
AT_ONCE = 40


def made(count: int) -> list[str]:
    """So many different expressions."""
    found: dict[str, None] = {}

    @seed(int(os.environ.get("SALESCAST_SEED", "16")))
    @settings(
        max_examples=2 * count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(any_expression())
    def collect(expression: str) -> None:
        if len(found) < count:
            found[expression] = None

    collect()
    return list(found)


def asked(url: str, expressions: list[str]) -> list[answers.Answer]:
    """What Trino answers to each, as many in a statement as it takes."""
    try:
        types, rows = raw(url, statement(expressions))
    except (TrinoError, urllib.error.HTTPError) as error:
        if len(expressions) == 1:
            return [answers.Answer(expressions[0], error=str(error))]
        half = len(expressions) // 2
        return asked(url, expressions[:half]) + asked(url, expressions[half:])
    return [
        answers.Answer(expression, kind, [answers.of_trino(row[place], kind) for row in rows])
        for place, (expression, kind) in enumerate(zip(expressions, types, strict=True))
    ]


def test_expressions(server: str) -> None:
    """Equal or refused; and all of these answers are kept for `make test`, as far as there is room."""
    expressions = made(COUNT)
    theirs = []
    for start in range(0, len(expressions), AT_ONCE):
        theirs += asked(server, expressions[start : start + AT_ONCE])
    verdicts = answers.judged(theirs)
    print(Counter(verdict.word for verdict in verdicts))
    wrong = [verdict for verdict in verdicts if verdict.word == "wrong"]
    assert not wrong, "\n".join(map(str, wrong[:20]))
    answers.keep(theirs)
