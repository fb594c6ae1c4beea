"""Looking again until something is so."""

import pytest

from salescast.stack.polling import poll


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, on a clock that only they move."""
    made: list[float] = []
    monkeypatch.setattr("time.sleep", made.append)
    monkeypatch.setattr("time.monotonic", lambda: sum(made))
    return made


def test_an_answer_at_once_takes_no_pause(pauses: list[float]) -> None:
    assert poll(lambda: "done", bool, pause=1) == "done"
    assert pauses == []


def test_pauses_grow_up_to_the_longest(pauses: list[float]) -> None:
    answers = iter(range(6))
    assert poll(lambda: next(answers), lambda answer: answer == 5, pause=1, longest=3) == 5
    assert pauses == [1, 1.5, 2.25, 3, 3]


def test_the_last_answer_stands_when_time_is_up(pauses: list[float]) -> None:
    answers = iter(range(100))
    assert poll(lambda: next(answers), lambda _: False, pause=0.5, seconds=2) == 4
    assert pauses == [0.5] * 4


def test_an_exception_ends_it(pauses: list[float]) -> None:
    def look() -> bool:
        raise KeyError("gone")

    with pytest.raises(KeyError):
        poll(look, bool, pause=1)
    assert pauses == []
