"""What runs for the resources of one type, of which a stack may have several: each by its own configuration.

A resource whose configuration does not run here is not run by an earlier one either: it is ill, by name,
which `up` fails for and `status` shows. The others run on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from salescast.local.movers.runner import Runner, absent

logger = logging.getLogger(__name__)

C = TypeVar("C")


class Running(Protocol):
    """A resource at work, in threads of its own."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Fleet(Generic[C]):
    """Keeps the stack's resources of a type at work.

    `describe` gives a resource's configuration by its physical id, None while it is to stand still, and
    raises `unsupported` where it does not run here. `make` gives what runs for a configuration; its second
    argument is the name of its checkpoint.
    """

    def __init__(
        self,
        runner: Runner,
        kind: str,
        describe: Callable[[str], C | None],
        make: Callable[[C, str], Running],
        unsupported: type[Exception],
    ) -> None:
        self._runner = runner
        self._kind = kind
        self._describe = describe
        self._make = make
        self._unsupported = unsupported
        self._running: dict[str, tuple[C, Running]] = {}
        self._checkpoints: dict[str, str] = {}

    def follow(self) -> None:
        """Until the process is told to stop."""
        self._runner.follow(self._step)
        for name in list(self._running):
            self._stop(name)

    def _step(self) -> None:
        deployment, names = self._runner.physical_ids(self._kind)
        for name in set(self._running) - set(names):
            self._stop(name)
        seen = [self._keep(name) for name in names]
        if any(seen):
            self._runner.condition.at_work()
        self._runner.condition.follows(deployment)

    def _keep(self, name: str) -> bool:
        """Let what runs for a resource be what it is configured to; whether it is there and runs here."""
        ill = f"configuration of {name}"
        try:
            wanted = self._describe(name)
        except self._unsupported as error:
            self._stop(name)
            self._runner.condition.ill(ill, str(error))
            return False
        except Exception as error:
            if not absent(error):
                raise
            self._runner.forget(self._kind)
            self._stop(name)
            return False
        self._runner.condition.well(ill)
        if name in self._running and self._running[name][0] != wanted:
            logger.info("%s changed", name)
            self._stop(name)
        if name not in self._running and wanted is not None:
            running = self._make(wanted, self._checkpoint(name))
            running.start()
            self._running[name] = (wanted, running)
        return True

    def _stop(self, name: str) -> None:
        if name in self._running:
            _, running = self._running.pop(name)
            running.stop()

    def _checkpoint(self, name: str) -> str:
        """The first one's is named for the stand-in; a checkpoint says itself whose it is."""
        own = self._runner.name if not self._checkpoints else f"{self._runner.name}-{name}"
        return self._checkpoints.setdefault(name, own)
