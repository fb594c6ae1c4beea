"""Trying again."""

from collections.abc import Iterator

import pytest

from salescast.stack.retry import ATTEMPTS, retry


class BusyError(Exception):
    """Another try may end better."""


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    made: list[float] = []
    monkeypatch.setattr("time.sleep", made.append)
    return made


def test_what_ends_well_is_not_repeated(pauses: list[float]) -> None:
    assert retry(lambda: 1, answer=lambda answer: answer != 1) == 1
    assert pauses == []


def test_answers_and_errors_are_repeated(pauses: list[float]) -> None:
    outcomes: Iterator[BusyError | int] = iter([BusyError(), 0, 7])

    def call() -> int:
        if isinstance(outcome := next(outcomes), BusyError):
            raise outcome
        return outcome

    assert (
        retry(call, answer=lambda answer: answer == 0, error=lambda error: isinstance(error, BusyError)) == 7
    )
    assert len(pauses) == 2


def test_the_last_outcome_stands(pauses: list[float]) -> None:
    answers, errors = iter(range(100)), iter(range(100))
    assert retry(lambda: next(answers), answer=lambda _: True) == ATTEMPTS - 1

    def call() -> None:
        raise BusyError(next(errors))

    with pytest.raises(BusyError, match=str(ATTEMPTS - 1)):
        retry(call, error=lambda _: True)
    assert len(pauses) == 2 * (ATTEMPTS - 1)


def test_another_error_is_not_repeated(pauses: list[float]) -> None:
    def call() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        retry(call, error=lambda error: isinstance(error, BusyError))
    assert pauses == []


def test_pauses_are_drawn_from_zero_to_a_limit_that_doubles(
    pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        drawn.append((low, high))
        return high

    monkeypatch.setattr("random.uniform", uniform)
    retry(lambda: 1, answer=lambda _: True)
    assert {low for low, _ in drawn} == {0}
    assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10])
