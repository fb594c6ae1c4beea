"""What every page has: the stack, its answers, and what is shown when something is wrong."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import streamlit as st
from botocore.exceptions import BotoCoreError, ClientError

from salescast.dashboard.answers import Answer, Answers, Question, footer
from salescast.dashboard.target import Target
from salescast.stack.errors import SalescastError, message
from salescast.stack.stack import Stack

_lock = threading.Lock()
_answers: dict[str, Answers] = {}


@dataclass
class View:
    """A look at the stack: `used` collects the answers that the page shows."""

    target: Target
    identity: str
    stack: Stack
    answers: Answers
    used: list[Answer] = field(default_factory=list)

    @classmethod
    def open(cls, target: Target) -> "View":
        """Raises SalescastError when there is no stack."""
        identity, stack = target.open()
        with _lock:
            if identity not in _answers:
                _answers.clear()
                _answers[identity] = Answers(stack)
            return cls(target, identity, stack, _answers[identity])

    @property
    def live(self) -> float:
        """How old an answer may be on a page that refreshes itself: who looks at the same time shares it."""
        return self.target.refresh / 2

    def ask(self, *questions: Question) -> list[Answer]:
        """The answers, which the page's footer tells of. Raises SalescastError with Athena's reason."""
        answers = self.answers.ask(*questions)
        self.used += answers
        return answers

    def footer(self) -> None:
        """Where the figures above are from."""
        if self.used:
            small(footer(self.used))


@contextmanager
def guarded(target: Target) -> Iterator[None]:
    """Show an error of what is inside as one line that says what to do; what comes after is shown.

    Nothing is shown when the stack is gone: the page tells that once, and comes back by itself.
    """
    try:
        yield
    except (SalescastError, BotoCoreError, ClientError, OSError) as error:
        if _gone(target):
            return
        st.error(message(error), icon=":material/error:")


def _gone(target: Target) -> bool:
    try:
        target.open()
    except SalescastError:
        return True
    return False


def small(text: str) -> None:
    """A line in small type."""
    st.markdown(f":small[{text}]")


def empty(what: str, remedy: str) -> None:
    """Say what is not there, and how it comes to be."""
    st.info(f"{what} {remedy}", icon=":material/info:")


def command(words: str, target: Target) -> str:
    """A command of ours for the stack that is shown, as Markdown."""
    stack = f" --stack {target.name}" if target.name else ""
    return f"`.venv/bin/salescast {words}{stack}`"
