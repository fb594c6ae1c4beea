"""Which stack the dashboard shows, opened anew when another one takes its place."""

import argparse
import threading
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from salescast.stack.errors import SalescastError, message
from salescast.stack.stack import Stack
from salescast.stack.state import State

# Seconds between looks at what refreshes itself. On AWS each look costs small queries (docs/costs.md), and a
# change takes longer than this to arrive.
REFRESH_LAPTOP = 4
REFRESH_AWS = 60
# Seconds that the health in the head of a page stands.
PULSE_LAPTOP = 15
PULSE_AWS = 120

_lock = threading.Lock()
_opened: dict[str, Stack] = {}


@dataclass(frozen=True)
class Target:
    """A laptop stack by its folder, or with `name` a stack on AWS."""

    state: Path
    name: str | None = None

    @classmethod
    def from_arguments(cls, arguments: list[str]) -> "Target":
        parser = argparse.ArgumentParser()
        parser.add_argument("--state", type=Path, required=True)
        parser.add_argument("--stack")
        options = parser.parse_args(arguments)
        return cls(options.state, options.stack)

    @property
    def refresh(self) -> int:
        """Seconds after which a page that refreshes itself looks again."""
        return REFRESH_AWS if self.name else REFRESH_LAPTOP

    @property
    def pulse(self) -> int:
        """Seconds after which the health in the head of a page is asked anew."""
        return PULSE_AWS if self.name else PULSE_LAPTOP

    @property
    def place(self) -> str:
        return "on AWS" if self.name else "on this machine"

    def open(self) -> tuple[str, Stack]:
        """The stack, and what tells it from one that ran there before.

        Raises SalescastError, naming the remedy, when there is no stack, it has died or is not there yet.
        """
        with _lock:
            if self.name:
                identity = self.name
                if identity not in _opened:
                    _opened[identity] = _deployed(Stack.aws(self.name, self.state))
                return identity, _opened[identity]
            record = State(self.state).read()
            identity = f"{record.endpoint} {record.processes.get('emulator')}" if record else ""
            stack = Stack.laptop(self.state)  # also tells whether the emulator is alive
            if identity not in _opened:
                _deployed(stack)
                _opened.clear()
                _opened[identity] = stack
            return identity, _opened[identity]


def _deployed(stack: Stack) -> Stack:
    """The stack, once its deployment is through: what it answered before would be remembered."""
    try:
        outputs = stack.description.get("Outputs")
    except (BotoCoreError, ClientError) as error:
        raise SalescastError(message(error)) from error
    if not outputs:
        raise SalescastError(f"the stack {stack.name} is still being deployed")
    return stack
