"""The processes that run statements, see process.py: one for each query at a time, kept for the next."""

import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

from salescast.local.emulator.athena.errors import QueryError
from salescast.local.emulator.athena.workers import process

PROJECT = Path(__file__).resolve().parents[5]
MEMORY = 1_200_000_000
"""Bytes that a query's process may take, of which DuckDB has most."""
SECONDS = 120.0
"""Athena's own limit is half an hour (quota DML query timeout)."""
AT_ONCE = 4
"""Queries that run; others wait, as in Athena's queue."""
KEPT = 2

TIMEOUT = "Query timeout"
NO_MEMORY = f"EXCEEDED_LOCAL_MEMORY_LIMIT: Query exceeded per-node memory limit of {MEMORY / 1e9:.1f}GB"
STOPPED = "Query cancelled by user"

Answer = tuple[list[str], list[list[str | None]]]


class Worker:
    """One process, and what it said last."""

    def __init__(self, statements: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", process.__name__],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.killed = ""
        self._send((MEMORY, list(statements)))

    def execute(self, sql: str, parameters: list[Any] | None = None) -> Answer:
        """DuckDB's names of the columns' types, and the rows, printed.

        Raises duckdb.Error as DuckDB raised it; QueryError where the process was killed or had no memory.
        """
        self._send(("execute", (sql, parameters)))
        types: list[str] = []
        rows: list[list[str | None]] = []
        while True:
            kind, content = self._receive()
            if kind == "types":
                types = content
            elif kind == "rows":
                rows += content
            elif kind == "end":
                return types, rows
            else:
                raise _error(*content)

    def open(self) -> None:
        """Begin a query: nothing of the last one is left."""
        self._send(("open", None))

    def kill(self, reason: str) -> None:
        """End it, whatever it is at; who waits for it is told the reason."""
        self.killed = self.killed or reason
        self._process.kill()

    def close(self) -> None:
        """End it and wait until it is gone."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            # What was not written yet has nobody to read it.
            with suppress(OSError):
                if pipe:
                    pipe.close()
        self._process.wait()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def _send(self, message: Any) -> None:
        assert self._process.stdin
        try:
            process.send(self._process.stdin, message)
        except OSError as error:
            raise QueryError(self.killed or NO_MEMORY) from error

    def _receive(self) -> Any:
        assert self._process.stdout
        try:
            return process.receive(self._process.stdout)
        except EOFError:
            # What allocates in C++ or Arrow without asking DuckDB ends the process.
            raise QueryError(self.killed or NO_MEMORY) from None


class WorkerPool:
    """Lends workers. `statements` set up the database of each."""

    def __init__(self, statements: Sequence[str]) -> None:
        self._statements = statements
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(AT_ONCE)
        # The first is there before anybody asks.
        self._idle: list[Worker] = [Worker(statements)]

    def take(self) -> "Loan":
        """A worker for one query; waits while AT_ONCE are lent."""
        self._room.acquire()
        try:
            return Loan(self, self._opened())
        except BaseException:
            self._room.release()
            raise

    def give_back(self, lent: Worker) -> None:
        """Kept for the next query, if it lives and few are."""
        with self._lock:
            keep = not lent.killed and lent.alive and len(self._idle) < KEPT
            if keep:
                self._idle.append(lent)
        try:
            if not keep:
                lent.close()
        finally:
            self._room.release()

    def _opened(self) -> Worker:
        """One that waited for a query and lives still, or a new one."""
        while True:
            with self._lock:
                kept = self._idle.pop() if self._idle else None
            if kept is None:
                return Worker(self._statements)
            try:
                kept.open()
            except QueryError:  # it has died meanwhile
                kept.close()
            else:
                return kept


class Loan:
    """A worker for one query, which has SECONDS for it."""

    def __init__(self, pool: WorkerPool, lent: Worker) -> None:
        self._pool, self._worker = pool, lent
        self._over = threading.Lock()
        self._closed = False
        self._clock = threading.Timer(SECONDS, self._kill, (TIMEOUT,))
        self._clock.daemon = True
        self._clock.start()

    def execute(self, sql: str, parameters: list[Any] | None = None) -> Answer:
        """See Worker.execute."""
        return self._worker.execute(sql, parameters)

    def stop(self) -> None:
        """End the query, from another thread; nothing where it has ended."""
        self._kill(STOPPED)

    def close(self) -> None:
        """Give the worker back."""
        self._clock.cancel()
        with self._over:
            self._closed = True
        self._pool.give_back(self._worker)

    def _kill(self, reason: str) -> None:
        with self._over:
            if not self._closed:
                self._worker.kill(reason)


def _error(name: str, message: str) -> Exception:
    kind: Any = getattr(duckdb, name, duckdb.Error)
    if name in ("MemoryError", "OutOfMemoryException"):
        return QueryError(message if message == process.TOO_LARGE else NO_MEMORY)
    raised: Exception = kind(message)
    return raised
