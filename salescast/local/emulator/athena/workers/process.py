"""One DuckDB in a process of its own, which may take so much memory and no more.

A statement that needs more, or never ends, costs this process and not the emulator, which holds the whole
stack. `pool.py` starts it and talks to it: frames of a length and a pickle, on standard input and
output. It ends with its parent, whatever it is at.
"""

import os
import pickle
import queue
import resource
import struct
import sys
import threading
from typing import IO, Any

import duckdb

from salescast.local.emulator.athena.types import printed

LENGTH = struct.Struct(">Q")
ROWS_AT_ONCE = 5_000
MOST_BYTES, MOST_VALUES = 256_000_000, 5_000_000
TOO_LARGE = (
    f"GENERIC_USER_ERROR: the result has more than {MOST_BYTES // 10**6} MB or {MOST_VALUES:,} values; "
    "give a LIMIT, or add up in the query"
)


def send(stream: IO[bytes], message: Any) -> None:
    """Write a frame."""
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    stream.write(LENGTH.pack(len(data)) + data)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read a frame. Raises EOFError when the other side has gone."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        raise EOFError
    (length,) = LENGTH.unpack(head)
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return pickle.loads(data)  # noqa: S301, of our own process


def main() -> None:
    """The first frame: (bytes of memory, statements that set the database up). Then ("open", None) and
    ("execute", (sql, parameters)), answered by ("types", names), ("rows", printed rows)..., ("end", None) or
    ("error", (class, message)).
    """
    requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    memory, statements = requests.get()
    _limit(memory)
    database = duckdb.connect(":memory:")
    for statement in statements:
        database.execute(statement)
    cursor = database.cursor()
    while True:
        kind, content = requests.get()
        if kind == "open":
            cursor.close()
            cursor = database.cursor()
            continue
        try:
            _execute(cursor, *content)
        except (duckdb.Error, MemoryError, ValueError) as error:
            send(sys.stdout.buffer, ("error", (type(error).__name__, str(error))))
        else:
            send(sys.stdout.buffer, ("end", None))


def _listen(requests: "queue.SimpleQueue[Any]") -> None:
    while True:
        try:
            requests.put(receive(sys.stdin.buffer))
        except EOFError:
            os._exit(0)


def _limit(memory: int) -> None:
    """Of private memory, mapped or allocated. Where the system knows no such limit DuckDB's own remains."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _execute(cursor: duckdb.DuckDBPyConnection, sql: str, parameters: list[Any] | None) -> None:
    result = cursor.execute(sql, parameters) if parameters else cursor.execute(sql)
    types = [str(column[1]) for column in result.description or []]
    send(sys.stdout.buffer, ("types", types))
    size = values = 0
    while rows := result.fetchmany(ROWS_AT_ONCE):
        texts = [[printed(value) for value in row] for row in rows]
        frame = pickle.dumps(("rows", texts), pickle.HIGHEST_PROTOCOL)
        size, values = size + len(frame), values + len(rows) * len(types)
        if size > MOST_BYTES or values > MOST_VALUES:
            raise MemoryError(TOO_LARGE)
        sys.stdout.buffer.write(LENGTH.pack(len(frame)) + frame)


if __name__ == "__main__":
    main()
