"""Files of order lines as shops' systems write them: text of any delimiter and encoding, packed or not, and
workbooks.
"""

import bz2
import codecs
import contextlib
import csv
import gzip
import hashlib
import io
import lzma
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import IO, Any, NamedTuple

import python_calamine as calamine

from salescast.replay.fields import stripped
from salescast.stack.errors import SalescastError

DELIMITERS = ",;\t|"  # of equally many the first
NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
ENCODINGS = {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252"}
BLOCK = 1 << 20
SAMPLE = 1 << 12
LINE_LIMIT = 1 << 17
UNPACK: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
ZIP = b"PK\x03\x04"
WORKBOOK_MEMBERS = frozenset({"[Content_Types].xml", "content.xml"})
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
FOREIGN = {
    b"%PDF": "a PDF",
    b"PAR1": "a Parquet file",
    b"SQLite format 3": "an SQLite database",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"\x28\xb5\x2f\xfd": "packed with Zstandard",
}
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LEGACY = "cp1252"


class Row(NamedTuple):
    """A row of a file: the number of its first line, from 1, its fields, and why they cannot be used, if so.

    A blank line has no fields and no problem.
    """

    line: int
    fields: list[str]
    problem: str = ""


class OrderFile(ABC):
    """A file that can be read again and again: `header`, and `rows` below it. `note` says how it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    @abstractmethod
    def note(self) -> str: ...

    @property
    def delimiter(self) -> str:
        """What stands between fields; empty for a workbook."""
        return ""

    @cached_property
    def header(self) -> list[str]:
        """The names of the columns. Raises SalescastError for a file that has none."""
        with contextlib.closing(self._raw_rows()) as rows:
            for row in rows:
                if row.problem:
                    raise SalescastError(f"{self.path} line {row.line}: {row.problem}")
                if row.fields:
                    return [stripped(name) for name in row.fields]
        raise SalescastError(f"{self.path} is empty; its first line should name the columns")

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file."""
        digest = hashlib.sha256()
        with _errors(self.path), self.path.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
        return digest.hexdigest()

    def rows(self) -> Iterator[Row]:
        """The rows below the header, in the file's order. Raises SalescastError when the rest cannot be
        trusted.
        """
        width = len(self.header)
        rows = self._raw_rows()
        next((row for row in rows if row.fields), None)
        for row in rows:
            fields = row.fields
            if not fields or len(fields) == width:
                yield row
            elif len(fields) > width and not any(fields[width:]):
                yield Row(row.line, fields[:width])
            else:
                yield Row(row.line, fields, f"has {len(fields)} fields, the header {width}")

    @abstractmethod
    def _raw_rows(self) -> Any:
        """A generator of all rows, the header among them."""


class TextFile(OrderFile):
    """Fields between delimiters. Encoding and delimiter are found unless they are given."""

    def __init__(self, path: Path, encoding: str | None = None, delimiter: str | None = None) -> None:
        super().__init__(path)
        self._found_encoding = encoding is None
        self._encoding = encoding or _encoding(path)
        self._skip, self._delimiter = self._look(delimiter)

    @property
    def note(self) -> str:
        encoding = ENCODINGS.get(self._encoding, self._encoding)
        delimiter = NAMES.get(self._delimiter, repr(self._delimiter))
        text = f"text in {encoding} with {delimiter} between fields"
        legacy = self._found_encoding and self._encoding == LEGACY
        return text + ("; --encoding reads it otherwise" if legacy else "")

    @property
    def delimiter(self) -> str:
        return self._delimiter

    def _look(self, delimiter: str | None) -> tuple[int, str]:
        """How many lines stand before the header, and what is between fields."""
        with self._text() as text:
            line = text.readline(LINE_LIMIT)
        first = line.lstrip("\ufeff").rstrip("\r\n")
        if "\0" in first:
            raise SalescastError(f"{self.path} is no text, nor a workbook or an archive that can be read")
        if kind := {"<": "HTML or XML", "{": "JSON", "[": "JSON"}.get(stripped(first)[:1]):
            raise SalescastError(f"{self.path} is {kind}; save it as CSV or XLSX")
        # Excel's own line, which says what it separates with.
        if first.lower().startswith("sep=") and len(first) == 5:
            return 1, delimiter or first[4]
        return 0, delimiter or max(DELIMITERS, key=first.count)

    @contextlib.contextmanager
    def _text(self) -> Iterator[IO[str]]:
        with (
            _errors(self.path),
            _binary(self.path) as binary,
            io.TextIOWrapper(binary, self._encoding, newline="") as text,
        ):
            yield text

    def _raw_rows(self) -> Iterator[Row]:
        with self._text() as text:
            for _ in range(self._skip):
                text.readline()
            reader = csv.reader(text, delimiter=self._delimiter, skipinitialspace=True, strict=True)
            end = self._skip
            while True:
                start = end + 1
                try:
                    fields = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    end = self._skip + reader.line_num
                    if end > start or "end of data" in str(error):
                        raise self._open_quote(start, end) from error
                    yield Row(start, [], "has a quote within a field that stands in quotes, or is too long")
                    continue
                end = self._skip + reader.line_num
                if end > start and self._swallows(fields):
                    raise self._open_quote(start, end)
                yield Row(start, [] if _is_blank(fields) else fields)

    def _swallows(self, fields: list[str]) -> bool:
        """Whether a field of several lines has what makes up lines of their own."""
        longest = max(fields, key=lambda text: text.count("\n") + text.count("\r"))
        return longest.count(self._delimiter) >= max(2, len(fields) - 1) or len(fields) == 1

    def _open_quote(self, start: int, end: int) -> SalescastError:
        return SalescastError(
            f"{self.path} line {start}: a quote opens there that is not closed, so that lines {start} to "
            f"{end} would be one; nothing was written. Mend the line (a quote within quotes is written twice)"
        )


class Workbook(OrderFile):
    """A sheet of a workbook: XLSX, XLSB, XLS or ODS."""

    def __init__(self, path: Path, sheet: str | None = None) -> None:
        super().__init__(path)
        with _errors(path), _workbook_errors(path):
            book = calamine.CalamineWorkbook.from_path(path)
            names = [name for name in book.sheet_names if book.get_sheet_by_name(name).total_height]
        if sheet and sheet not in book.sheet_names:
            raise SalescastError(f"{path} has no sheet {sheet}; it has {', '.join(book.sheet_names)}")
        if not sheet and len(names) > 1:
            raise SalescastError(
                f"{path} has the sheets {', '.join(names)}; say with --sheet which one to read"
            )
        self._sheet = sheet or (names or book.sheet_names)[0]

    @property
    def note(self) -> str:
        return f"sheet {self._sheet} of a workbook"

    def _raw_rows(self) -> Iterator[Row]:
        with _errors(self.path), _workbook_errors(self.path):
            sheet = calamine.CalamineWorkbook.from_path(self.path).get_sheet_by_name(self._sheet)
            for line, cells in enumerate(sheet.iter_rows(), 1 + (sheet.start or (0, 0))[0]):
                fields = [_cell(cell) for cell in cells]
                yield Row(line, [] if _is_blank(fields) else fields)


def open_file(
    path: Path, *, encoding: str | None = None, delimiter: str | None = None, sheet: str | None = None
) -> OrderFile:
    """The file, if it can hold order lines. Raises SalescastError that says what else it is."""
    if encoding:
        try:
            codecs.lookup(encoding)
        except LookupError as error:
            raise SalescastError(f"there is no encoding {encoding}; one is for example cp1252") from error
    if delimiter in ("\\t", "tab"):
        delimiter = "\t"
    if delimiter and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise SalescastError(f"the delimiter {delimiter!r} is not one character such as ; or tab")
    if path.exists() and not path.is_file():
        raise SalescastError(f"{path} is no file")
    with _errors(path), path.open("rb") as file:
        begin = file.read(16)
    kind = next((name for magic, name in FOREIGN.items() if begin.startswith(magic)), None)
    if kind:
        raise SalescastError(f"{path} is {kind}; save it as CSV or XLSX")
    if begin.startswith(OLD_WORKBOOK) or (begin.startswith(ZIP) and WORKBOOK_MEMBERS & set(_members(path))):
        return Workbook(path, sheet)
    return TextFile(path, encoding, delimiter)


def _is_blank(fields: list[str]) -> bool:
    if fields and fields[0] and not fields[0].isspace():  # nearly every line, and quick
        return False
    return not any(map(stripped, fields))


def _cell(value: Any) -> str:
    """A cell as text, as it would stand in a CSV."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return str(value)


def _members(path: Path) -> list[str]:
    with _errors(path), zipfile.ZipFile(path) as archive:
        return archive.namelist()


@contextlib.contextmanager
def _workbook_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except calamine.CalamineError as error:
        raise SalescastError(
            f"{path} looks like a workbook that cannot be read ({error}); save it as CSV"
        ) from error


@contextlib.contextmanager
def _binary(path: Path) -> Iterator[IO[bytes]]:
    """The file, unpacked. A ZIP has one file in it."""
    with contextlib.ExitStack() as stack:
        file: Any = stack.enter_context(path.open("rb"))
        begin = file.read(8)
        file.seek(0)
        for magic, unpack in UNPACK.items():
            if begin.startswith(magic):
                file = stack.enter_context(unpack(file))
        if begin.startswith(ZIP):
            archive = stack.enter_context(zipfile.ZipFile(file))
            names = [
                name
                for name in archive.namelist()
                if not name.endswith("/") and not name.startswith(("__MACOSX/", "."))
            ]
            if len(names) != 1:
                some = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
                raise SalescastError(
                    f"{path} has {len(names)} files ({some}); unpack it and replay them one by one"
                )
            file = stack.enter_context(archive.open(names[0]))
        yield file


def _encoding(path: Path) -> str:
    """The encoding that the whole file can be read in. Raises SalescastError for one that is mixed."""
    with _errors(path), _binary(path) as file:
        begin = file.read(SAMPLE)
        if begin.startswith((ZIP, OLD_WORKBOOK)):
            raise SalescastError(f"{path} has a workbook or an archive in it; unpack it first")
        for mark, name in MARKS:
            if begin.startswith(mark):
                return name
        if name := _wide(begin):
            return name
        decoder = codecs.getincrementaldecoder("utf-8")()
        block = begin
        try:
            while block:
                decoder.decode(block)
                block = file.read(BLOCK)
            decoder.decode(b"", final=True)
            return "utf-8"
        except UnicodeDecodeError:
            pass
    return _legacy(path)


def _wide(begin: bytes) -> str:
    """UTF-16 without a mark shows by its zeros, which stand before or behind each letter."""
    if len(begin) < 4 or begin.count(0) < len(begin) // 4:
        return ""
    return "utf-16-be" if begin[::2].count(0) > begin[1::2].count(0) else "utf-16-le"


def _legacy(path: Path) -> str:
    """Windows-1252, unless lines of UTF-8 outnumber those that are not: such a file is damaged."""
    good, bad, first_bad, undefined = 0, 0, 0, False
    with _errors(path), _binary(path) as file:
        for number, line in enumerate(file, 1):
            if line.isascii():
                continue
            try:
                line.decode()
                good += 1
            except UnicodeDecodeError:
                bad += 1
                first_bad = first_bad or number
                with contextlib.suppress(UnicodeDecodeError):
                    line.decode(LEGACY)
                    continue
                undefined = True
    if good > bad:
        raise SalescastError(
            f"{path} is UTF-8 in {good:,} lines and not in {bad:,}, first in line {first_bad}; mend those "
            "lines, or say what the whole file is with --encoding"
        )
    if undefined:
        raise SalescastError(f"{path} is neither UTF-8 nor Windows-1252; say what it is with --encoding")
    return LEGACY


@contextlib.contextmanager
def _errors(path: Path) -> Iterator[None]:
    """What goes wrong while a file is read, in one line that names it."""
    try:
        yield
    except UnicodeError as error:
        reason = getattr(error, "reason", error)
        raise SalescastError(
            f"cannot read {path} as {getattr(error, 'encoding', 'text')}: {reason}; give --encoding"
        ) from error
    except (
        OSError,
        EOFError,
        zlib.error,
        lzma.LZMAError,
        zipfile.BadZipFile,
        calamine.CalamineError,
    ) as error:
        raise SalescastError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    except (
        RuntimeError,
        NotImplementedError,
    ) as error:  # a ZIP with a password or a method that Python lacks
        raise SalescastError(f"cannot unpack {path}: {error}") from error
