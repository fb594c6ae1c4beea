"""A first look at a whole order file: what it is, which mapping fits it, how its dates and numbers are to be
read.
"""

import hashlib
from array import array
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Literal

from salescast.replay import mapping as mappings
from salescast.replay.dates import DateColumn, reader
from salescast.replay.fields import DecimalMark, is_missing, stripped
from salescast.replay.mapping import FillDown, Mapping
from salescast.replay.order_file import OrderFile, Row, open_file
from salescast.replay.order_line import INTEGERS, MONEY, LineError, LineReader, base_of

DateReading = Literal["day-first", "month-first", "epoch", "epoch-ms", "excel"]


@dataclass(frozen=True)
class Options:
    """How a user says a file is to be read; what is left out is found. `columns` and `constants` by
    attribute.
    """

    mapping: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    dates: DateReading | None = None
    decimal: Literal["point", "comma"] | None = None
    zone: str | None = None
    pseudonym_key: str = ""


AS_FOUND = Options()
PART = 200_000
TOLD = 5_000  # lines


@dataclass(frozen=True)
class Survey:
    """A file that was read once.

    `lines` counts its rows without header and `blank` ones. `repeats`: for ids without their running number
    that occur more than once, by hash of this process, which of the lines is the last. `notes` say how the
    file is read.
    """

    file: OrderFile
    options: Options
    mapping: Mapping
    reader: LineReader
    lines: int
    blank: int
    invoices: int
    first_date: str
    last_date: str
    repeats: dict[int, int]
    notes: tuple[str, ...]

    @property
    def path(self) -> Path:
        return self.file.path

    @property
    def identity(self) -> str:
        """The same for the same file, read in the same way."""
        read = f"{self.file.digest} {self.mapping.digest} {self.options}"
        return hashlib.sha256(read.encode()).hexdigest()[:16]

    def rows(self) -> Iterator[Row]:
        """The rows that are not blank, with what only the first line of an order says filled in."""
        return (row for row in _filled(self.file, self.mapping.fill_down) if row.fields or row.problem)


def survey(
    path: Path, options: Options = AS_FOUND, progress: Callable[[int], None] = lambda _: None
) -> Survey:
    """Read the whole file once. `progress` is told the number of lines now and then.

    Raises SalescastError when the file cannot be read, or means two things.
    """
    file = open_file(path, encoding=options.encoding, delimiter=options.delimiter, sheet=options.sheet)
    mapping = _mapping(file, options)
    columns = mapping.columns(file.header)
    order = options.dates if options.dates in ("day-first", "month-first") else None
    number = (options.dates or mapping.dates) if not order else None
    dates = DateColumn("day-first" if mapping.dates == "day-first" else "month-first", order)
    read_date = reader(mapping.time_zone, number if number in ("epoch", "epoch-ms", "excel") else None)
    said = options.decimal or mapping.decimal
    mark = DecimalMark(file.delimiter, None if said is None else said == "comma")
    line_reader = LineReader(mapping, file.header, dates, read_date, mark, options.pseudonym_key.encode())
    date_places = _places(mapping, columns, ("order_ts",))
    # With commas between fields a comma in a number is no sign of anything.
    number_places = _places(mapping, columns, (*INTEGERS, *MONEY)) if file.delimiter not in ("", ",") else []
    bases, invoices = array("q"), set[int]()
    lines = blank = 0
    last = ""
    for row in _filled(file, mapping.fill_down):
        fields = row.fields
        if not fields and not row.problem:
            blank += 1
            continue
        lines += 1
        bases.append(0)
        if lines % TOLD == 0:
            progress(lines)
        if row.problem:
            continue
        for place in date_places:
            if (text := fields[place]) != last:
                last = text
                if not is_missing(text := stripped(text)):
                    dates.see(row.line, text, read_date(text))
        for place in number_places:
            mark.see(stripped(fields[place]))
        with suppress(LineError):
            parts = line_reader.id_parts(fields)
            bases[-1] = hash(base_of(parts))
            invoices.add(hash(parts[0]))
    progress(lines)
    dates.decide()
    first_date, last_date = dates.range
    known = set(columns.values())
    ignored = [name for index, name in enumerate(file.header) if index not in known and name]
    notes = [f"{path.name} is {file.note}; read as {mapping.name}", dates.note, mark.note]
    if ignored:
        notes.append(f"columns that orders do not have are left out: {', '.join(ignored)}")
    return Survey(
        file=file,
        options=options,
        mapping=mapping,
        reader=line_reader,
        lines=lines,
        blank=blank,
        invoices=len(invoices),
        first_date=first_date,
        last_date=last_date,
        repeats=_repeats(bases),
        notes=tuple(filter(None, notes)),
    )


def _mapping(file: OrderFile, options: Options) -> Mapping:
    candidates = [mappings.named(options.mapping)] if options.mapping else list(mappings.profiles())
    candidates = [
        mapping.with_options(options.columns, options.constants, zone=options.zone) for mapping in candidates
    ]
    return mappings.fitting(file.header, candidates, file.path)


def _places(mapping: Mapping, columns: dict[str, int], attributes: tuple[str, ...]) -> list[int]:
    """The columns that the attributes may come from."""
    sources = [source for attribute in attributes for source in mapping.sources(attribute)]
    names = [name for source in sources for name in source.names if name in columns]
    return list(dict.fromkeys(columns[name] for name in names))


def _repeats(bases: "array[int]") -> dict[int, int]:
    """Where the values that occur more than once occur last, from 1.

    Sorted a part at a time: a set or a list of all would be most of a large file's memory.
    """
    parts = len(bases) // PART + 1
    repeated = set[int]()
    for part in range(parts):
        ordered = sorted(base for base in bases if base % parts == part)
        repeated.update(base for base, following in pairwise(ordered) if base == following)
    return {base: line for line, base in enumerate(bases, 1) if base in repeated}


def _filled(file: OrderFile, fill: FillDown | None) -> Iterator[Row]:
    if fill is None:
        yield from file.rows()
        return
    header = {mappings.key(name): index for index, name in enumerate(file.header)}
    within = header[mappings.key(fill.within)]
    places = [header[key] for name in fill.columns if (key := mappings.key(name)) in header]
    first: list[str] = []
    for row in file.rows():
        if row.fields and not row.problem:
            order = stripped(row.fields[within])
            if first and order and order == stripped(first[within]):
                for place in places:
                    if not stripped(row.fields[place]):
                        row.fields[place] = first[place]
            else:
                first = row.fields
        yield row
