"""What Trino answered to expressions when `make test-trino` last ran, and the laptop's Athena today."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from salescast.local.emulator.athena.dialect import parsed, translated
from salescast.local.emulator.athena.errors import QueryError
from salescast.local.emulator.athena.sql.functions import AGGREGATES, ELSEWHERE, SCALARS, SPECIAL, WINDOWS
from tests.trino import answers


def test_what_trino_answered() -> None:
    verdicts = answers.judged(answers.kept()[::40])
    wrong = [verdict for verdict in verdicts if verdict.word == "wrong"]
    assert not wrong, "\n".join(map(str, wrong[:10]))
    words = Counter(verdict.word for verdict in verdicts)
    assert words["equal"] > 0.9 * len(verdicts), words


def test_every_function_of_trino_is_here_or_refused_by_name() -> None:
    ours = {*SCALARS, *AGGREGATES, *WINDOWS, *SPECIAL}
    assert ours <= ELSEWHERE
    for name in sorted(ELSEWHERE - ours - {"row"}):  # a constructor, not a function
        with pytest.raises(QueryError, match=rf"^NOT_SUPPORTED: .* {name}$"):
            translated(parsed(f"SELECT {name}(1)"), {}, datetime.now(UTC))
