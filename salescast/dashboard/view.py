"""What every page has: the stack, its answers, and what is shown when something is wrong."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import streamlit as st
from botocore.exceptions import BotoCoreError, ClientError

from salescast.dashboard import clock
from salescast.dashboard.answers import Answer, Answers, Question, footer
from salescast.dashboard.pulse import Pulse
from salescast.dashboard.target import Target
from salescast.stack.errors import SalescastError, message
from salescast.stack.stack import Stack

_lock = threading.Lock()
_opened: dict[str, tuple[Answers, Pulse, ZoneInfo]] = {}


@dataclass
class View:
    """A look at the stack: `used` collects the answers that the page shows."""

    target: Target
    identity: str
    stack: Stack
    answers: Answers
    pulse: Pulse
    zone: ZoneInfo
    used: list[Answer] = field(default_factory=list)

    @classmethod
    def open(cls, target: Target) -> "View":
        """Raises SalescastError when there is no stack."""
        identity, stack = target.open()
        with _lock:
            if identity not in _opened:
                answers = Answers(stack)
                _opened.clear()
                _opened[identity] = answers, Pulse(answers, target.pulse), clock.zone(stack)
            return cls(target, identity, stack, *_opened[identity])

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
            small(footer(self.used, self.zone))


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


@contextmanager
def card(title: str, key: str) -> Iterator[None]:
    """A part of a page on a ground of its own, below its heading."""
    with st.container(border=True, key=f"card-{key}", height="stretch"):
        st.header(title, anchor=False)
        yield


@contextmanager
def loading(what: str, height: int) -> Iterator[None]:
    """A placeholder while something is asked for, the first time; later what is there stands until the new
    comes.
    """
    slot = st.empty()
    if what not in st.session_state:
        slot.skeleton(height=height)
    yield
    slot.empty()
    st.session_state[what] = True


@contextmanager
def figures(key: str) -> Iterator[None]:
    """A row of metrics; two beside each other on a telephone."""
    with st.container(horizontal=True, key=f"figures-{key}"):
        yield


def figure(
    label: str,
    value: str,
    note: str | None = None,
    *,
    change: str | None = None,
    inverse: bool = False,
    explanation: str | None = None,
) -> None:
    """One metric: its value, the change against something with its sign, and a note on that or on itself."""
    st.metric(
        label,
        value,
        change or note,
        delta_color="off" if not change else "inverse" if inverse else "normal",
        delta_arrow="auto" if change else "off",
        delta_description=note if change else None,
        help=explanation,
        border=True,
        height="stretch",
    )


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
