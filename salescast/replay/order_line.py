"""One line of an order file becomes one order, as a mapping says."""

from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import NamedTuple

import orjson

from salescast.replay import fields as field_types
from salescast.replay.dates import DateColumn, Dates
from salescast.replay.fields import DecimalMark, FieldError
from salescast.replay.mapping import REQUIRED, Mapping, Source, rule
from salescast.stack import money
from salescast.stack.errors import SalescastError

AMOUNT_LIMIT = Decimal(10) ** 16  # decimal(20,4)
IDS = ("invoice_id", "product_id", "customer_id")
INTEGERS = ("quantity", "stock_left")
MONEY = ("unit_price", "discount", "amount")
ALWAYS = (*REQUIRED, "invoice_id")  # of a line, where the mapping names them
_QUANTUM = Decimal(1).scaleb(-field_types.PLACES)

Value = dict[str, str]
"""A value as DynamoDB JSON: {"S": "France"}."""
Read = Callable[[str], Value | None]


class LineError(Exception):
    """A line that is no order: the column at fault, its text, and what is wrong with it in general words."""

    def __init__(self, column: str, reason: str, text: str = "") -> None:
        super().__init__(f"{column}: {reason}")
        self.column = column
        self.reason = reason
        self.text = text


class Order(NamedTuple):
    """An order of a file: the line it stands in, its id without the running number, its day (UTC,
    yyyy-MM-dd), amount, and all attributes but `order_id` as DynamoDB JSON.
    """

    line: int
    base: str
    order_date: str
    amount: Decimal
    attributes: bytes

    def item(self, number: int) -> bytes:
        """The item with the id of that running number."""
        return b'{"order_id":{"S":%b},%b' % (orjson.dumps(f"{self.base}-{number}"), self.attributes[1:])

    def order_id(self, number: int) -> str:
        return f"{self.base}-{number}"


class LineReader:
    """Makes orders of a file's lines. Dates and numbers are read as was decided when the first order is asked
    for.
    """

    def __init__(
        self,
        mapping: Mapping,
        header: Sequence[str],
        dates: DateColumn,
        read_date: Callable[[str], Dates | None],
        mark: DecimalMark,
        pseudonym_key: bytes = b"",
    ) -> None:
        self._columns = mapping.columns(header)
        self._header = header
        self._dates = dates
        self._read_date = read_date
        self._mark = mark
        self._pseudonym = field_types.pseudonym(pseudonym_key)
        self._constants: dict[str, Value] = {"version": {"N": "1"}}
        # Most attributes come from one column: those are read with fewer steps.
        self._single: list[tuple[str, int, Read, str]] = []
        self._several: list[tuple[str, _Sources, str]] = []
        for attribute in mapping.attributes:
            self._add(attribute, mapping.sources(attribute))
        self._quantity = self._column_of(mapping.sources("quantity"))
        self._price = self._column_of(mapping.sources("unit_price") or mapping.sources("amount"))
        self._id = [self._id_part(part, mapping) for part in mapping.id]
        self._read = {single[0] for single in self._single} | {several[0] for several in self._several}
        self._id_attributes = mapping.id if set(mapping.id) <= self._read & set(IDS) else []

    @property
    def attributes(self) -> frozenset[str]:
        """The attributes that the file decides, so those by which an order of the table is the same.

        A status that no column says is left out: what became of the order since is no other order.
        """
        named = self._read | set(self._constants) | {"discount"}
        return frozenset(named - {"version", "amount"} - ({"status"} & set(self._constants)))

    def id_parts(self, fields: Sequence[str]) -> list[str]:
        """What the id of a line's order is made of, without the running number. Raises LineError."""
        parts = []
        for column, sources in self._id:
            value = sources.first(fields)
            if value is None:
                raise LineError(column, "is missing")
            parts.append(value["S"])
        return parts

    def order(self, line: int, fields: Sequence[str], updated_ts: str) -> Order:
        """The order of a line. Raises LineError."""
        item = self._constants.copy()
        for attribute, index, read, required in self._single:
            if (value := read(fields[index])) is not None:
                item[attribute] = value
            elif required:
                raise LineError(required, "is missing")
        for attribute, sources, required in self._several:
            if (value := sources.first(fields)) is not None:
                item[attribute] = value
            elif required:
                raise LineError(required, "is missing")
        if item["quantity"]["N"] == "0":
            raise LineError(self._quantity, "is 0")
        amount = self._amount(item)
        item["updated_ts"] = {"S": updated_ts}
        parts = [item[name]["S"] for name in self._id_attributes] or self.id_parts(fields)
        return Order(line, base_of(parts), item["order_ts"]["S"][:10], amount, orjson.dumps(item))

    def _amount(self, item: dict[str, Value]) -> Decimal:
        """The line's amount; where a column says it, the discount is what price and quantity differ from it.

        Without a price that is the amount per piece, rounded to 4 places; the discount then has the rest.
        """
        quantity = item["quantity"]["N"]
        try:
            if "amount" in item:
                self._take_apart(quantity, item)
            elif "unit_price" not in item:
                raise LineError(self._price, "is missing")
            discount = item["discount"]["N"] if "discount" in item else None
            return _line_amount(quantity, item["unit_price"]["N"], discount)
        except (FieldError, InvalidOperation) as error:
            raise LineError(
                "amount", str(error) if isinstance(error, FieldError) else "is too large"
            ) from error

    @staticmethod
    def _take_apart(quantity: str, item: dict[str, Value]) -> None:
        """Put price and discount in the place of the amount."""
        total = item.pop("amount")["N"]
        item.pop("discount", None)
        if "unit_price" not in item:
            price = (Decimal(total) / Decimal(quantity)).quantize(_QUANTUM, ROUND_HALF_UP)
            item["unit_price"] = {"N": field_types.plain(price)}
        if rest := money.amount(quantity, item["unit_price"]["N"], total):
            item["discount"] = {"N": field_types.plain(field_types.fitted(rest))}

    def _add(self, attribute: str, declared: list[Source]) -> None:
        sources = self._sources(attribute, declared)
        if not sources.reads:
            if sources.otherwise:
                self._constants[attribute] = sources.otherwise
            return
        required = attribute in ALWAYS and sources.otherwise is None
        column = self._column_of(declared) if required else ""
        if len(sources.reads) == 1 and sources.otherwise is None:
            self._single.append((attribute, *sources.reads[0], column))
        else:
            self._several.append((attribute, sources, column))

    def _sources(self, attribute: str, declared: list[Source]) -> "_Sources":
        reads: list[tuple[int, Read]] = []
        for source in declared:
            if source.constant is not None:
                return _Sources(reads, self._value(attribute, source.constant))
            if (name := self._present(source)) is not None:
                reads.append((self._columns[name], self._reader(attribute, name, source)))
        return _Sources(reads)

    def _present(self, source: Source) -> str | None:
        return next((name for name in source.names if name in self._columns), None)

    def _column_of(self, sources: list[Source]) -> str:
        """The column that a reader of a message looks for."""
        name = next((name for source in sources if (name := self._present(source))), None)
        return self._header[self._columns[name]].strip() if name else (sources[0].names or ["constant"])[0]

    def _reader(self, attribute: str, name: str, source: Source) -> Read:
        """A cached function from a column's text to the attribute's value; raises LineError."""
        column = self._header[self._columns[name]].strip()
        values = {key.casefold(): value for key, value in (source.values or {}).items()}

        @lru_cache(maxsize=16_384)
        def read(raw: str) -> Value | None:
            text = field_types.stripped(raw)
            if not text or (not source.verbatim and field_types.is_missing(text)):
                return None
            if source.set is not None:
                return self._value(attribute, source.set)
            try:
                if values:
                    text = values.get(text.casefold(), values.get("*", text))
                    if not text:
                        return None
                if source.pseudonym:
                    text = self._pseudonym(text)
                return self._value(attribute, text)
            except FieldError as error:
                raise LineError(column, str(error), raw) from error

        return read

    def _value(self, attribute: str, text: str) -> Value:
        """A text as the attribute's value. Raises FieldError."""
        if attribute == "order_ts":
            dates = self._read_date(text)
            value = self._dates.value(dates) if dates else None
            if value is None:
                order = f" {self._dates.order.replace('-', ' ')}" if dates and self._dates.order else ""
                if text.replace(".", "", 1).isdecimal():
                    raise FieldError("is a number; --dates excel, epoch or epoch-ms says what it counts")
                raise FieldError(f"is no date{order}; `salescast replay --help` has the forms")
            return {"S": value}
        if attribute in INTEGERS:
            return {"N": field_types.integer(text, comma=self._mark.comma)}
        if attribute in MONEY:
            return {"N": field_types.money(text, comma=self._mark.comma)}
        if reason := rule(attribute, text):
            raise FieldError(f"{reason}; `values` of a mapping can translate it")
        return {"S": field_types.identifier(text) if attribute in IDS else field_types.words(text)}

    def _id_part(self, part: str, mapping: Mapping) -> tuple[str, "_Sources"]:
        declared = mapping.sources(part) or [Source(column=part)]
        # What is part of an id is read as an id, whatever it is besides: 12.0 and 12 are the same.
        sources = self._sources(part if part in IDS else IDS[0], declared)
        if not sources.reads and sources.otherwise is None:
            raise SalescastError(f"the id needs {part}, which the file does not have")
        return self._column_of(declared), sources


class _Sources(NamedTuple):
    """Columns that are asked in turn, and what holds when all are silent."""

    reads: list[tuple[int, Read]]
    otherwise: Value | None = None

    def first(self, fields: Sequence[str]) -> Value | None:
        for index, read in self.reads:
            if (value := read(fields[index])) is not None:
                return value
        return self.otherwise


@lru_cache(maxsize=16_384)
def _line_amount(quantity: str, unit_price: str, discount: str | None) -> Decimal:
    amount = money.amount(quantity, unit_price, discount)
    if abs(amount) >= AMOUNT_LIMIT:
        raise FieldError("has more than 16 digits before the point")
    return amount


def base_of(parts: Sequence[str]) -> str:
    """An id without its running number."""
    return "-".join(parts)
