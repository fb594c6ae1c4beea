"""Reads an Online Retail CSV, gzip or plain, any order of columns, UTF-8 or Windows-1252."""

import codecs
import contextlib
import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import IO

from salescast.replay.online_retail import COLUMNS, LineError, utc
from salescast.stack.errors import SalescastError

DATE = COLUMNS.index("InvoiceDate")


@dataclass(frozen=True)
class RetailFile:
    """A file that was read once: its digest, lines, and range of order dates (UTC, empty if none)."""

    path: Path
    digest: str
    encoding: str
    lines: int
    first_date: str
    last_date: str
    ignored_columns: tuple[str, ...]

    def read(self) -> Iterator[tuple[int, Sequence[str]]]:
        """The lines: number in the file, fields in the order of COLUMNS (too few if the line is broken)."""
        with _table(self.path, self.encoding) as (_, rows):
            yield from rows


def survey(path: Path) -> RetailFile:
    """Read the whole file once. Raises SalescastError when it is no such file."""
    digest, encoding = _digest(path)
    lines, first, last = 0, "", ""
    with _table(path, encoding) as (ignored, rows):
        for _, fields in rows:
            lines += 1
            with contextlib.suppress(LineError, IndexError):
                date = utc(fields[DATE])[:10]
                first, last = min(first or date, date), max(last, date)
    return RetailFile(path, digest, encoding, lines, first, last, ignored)


def _digest(path: Path) -> tuple[str, str]:
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoding = "utf-8-sig"
    with _binary(path) as file:
        while block := file.read(1 << 20):
            digest.update(block)
            if encoding != "cp1252":
                try:
                    decoder.decode(block)
                except UnicodeDecodeError:
                    encoding = "cp1252"  # the other encoding in which copies of the file go round
    return digest.hexdigest(), encoding


@contextlib.contextmanager
def _table(
    path: Path, encoding: str
) -> Iterator[tuple[tuple[str, ...], Iterator[tuple[int, Sequence[str]]]]]:
    """The columns that are not ours, and the lines."""
    with _binary(path) as file, io.TextIOWrapper(file, encoding, errors="replace", newline="") as text:
        reader = csv.reader(text)
        header = [name.strip() for name in next(reader, [])]
        missing = [name for name in COLUMNS if name not in header]
        if missing:
            raise SalescastError(f"{path} has no column {missing[0]}; it needs {','.join(COLUMNS)}")
        ours = itemgetter(*(header.index(name) for name in COLUMNS))
        width = len(header)

        def rows() -> Iterator[tuple[int, Sequence[str]]]:
            for fields in reader:
                if fields:  # csv reads a blank line as no fields
                    yield (
                        reader.line_num,
                        ours(fields) if len(fields) == width else fields[: len(COLUMNS) - 1],
                    )

        yield tuple(name for name in header if name not in COLUMNS), rows()


@contextlib.contextmanager
def _binary(path: Path) -> Iterator[IO[bytes]]:
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            if not zipped:
                yield file
                return
            with gzip.open(file) as unzipped:
                yield unzipped  # type: ignore[misc]
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        raise SalescastError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
