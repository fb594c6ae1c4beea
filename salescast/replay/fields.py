"""Fields of an order file: what is missing; numbers, ids and texts as spreadsheets and pandas write them."""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from hashlib import blake2b

INT_MAX = 2**31 - 1
PLACES = 4  # decimal(18,4)
DIGITS = 14
TEXT_BYTES = 4_096
ID_BYTES = 512  # four of them fit DynamoDB's 2048 bytes of a partition key

# pandas' words for a missing value (`read_csv`, na_values), those of R, SQL exports and spreadsheets; case
# apart.
MISSING = frozenset(
    {
        "",
        "na",
        "n/a",
        "n.a",
        "n.a.",
        "#n/a",
        "#n/a n/a",
        "#na",
        "nan",
        "-nan",
        "nat",
        "null",
        "(null)",
        "\\n",
        "none",
        "<na>",
        "nil",
        "-",
        "--",
        "---",
    }
    | {
        "1.#ind",
        "-1.#ind",
        "1.#qnan",
        "-1.#qnan",
        "#null",
        "#null!",
        "#value!",
        "#ref!",
        "#div/0!",
        "#name?",
        "(blank)",
    }
)
_BLANKS = " \t\r\n\v\f\u00a0\u2007\u202f\u200b\ufeff"
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?").fullmatch
_COMMA_NUMBER = re.compile(r"[+-]?([0-9]+(,[0-9]*)?|,[0-9]+)([eE][+-]?[0-9]{1,2})?").fullmatch
_FLOAT_ID = re.compile(r"([0-9]+)\.0+").fullmatch
_SHORTENED_ID = re.compile(r"[0-9]([.,][0-9]+)?E\+[0-9]{2}").fullmatch
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff\ufffd]").search


class FieldError(ValueError):
    """What is wrong with a field, in words that are the same for every field of the kind."""


def stripped(text: str) -> str:
    """The text without blanks around it, among them the one that does not break and a byte order mark."""
    return text.strip(_BLANKS)


def is_missing(text: str) -> bool:
    """Whether a stripped text stands for no value."""
    return text.lower() in MISSING


def decimal(text: str, *, comma: bool) -> Decimal:
    """The number that a text writes, exactly: 12, 12.0, .85, 2., +3, 1E+02. Raises FieldError."""
    if not (_COMMA_NUMBER if comma else _NUMBER)(text):
        if not comma and _COMMA_NUMBER(text):
            raise FieldError(
                "has a comma: --decimal comma reads 2,50 as 2.50; thousands separators are not read"
            )
        raise FieldError("is not a number such as 2,55" if comma else "is not a number such as 2.55")
    try:
        return Decimal(text.replace(",", "."))
    except InvalidOperation as error:
        raise FieldError("is not a number such as 2.55") from error


def money(text: str, *, comma: bool) -> str:
    """A number of decimal(18,4), written plainly. Raises FieldError for one that does not fit exactly."""
    return plain(fitted(decimal(text, comma=comma)))


def fitted(value: Decimal) -> Decimal:
    """The value if it fits decimal(18,4) exactly. Raises FieldError."""
    if abs(value) >= Decimal(10) ** DIGITS:
        raise FieldError(f"has more than {DIGITS} digits before the point")
    if value != round(value, PLACES):
        raise FieldError(f"has more than {PLACES} decimal places")
    return value


def integer(text: str, *, comma: bool) -> str:
    """A whole number of 32 bits; 12.0 is one. Raises FieldError."""
    value = decimal(text, comma=comma)
    if abs(value) > INT_MAX or value != value.to_integral_value():
        raise FieldError("is not a whole number of at most 32 bits")
    return str(int(value))


def plain(value: Decimal) -> str:
    """The number without exponent and trailing zeros: 1E+2 -> 100, 2.50 -> 2.5, -0 -> 0."""
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def identifier(text: str) -> str:
    """An id: 17850.0 is how a column of numbers with gaps is written; the customer is 17850. Raises
    FieldError.
    """
    if match := _FLOAT_ID(text):
        return match[1]
    if _SHORTENED_ID(text):
        raise FieldError("is an id that a spreadsheet has shortened (1.23E+12); export the column as text")
    if len(text.encode("utf-8", "replace")) > ID_BYTES:
        raise FieldError(f"is longer than {ID_BYTES} bytes")
    return words(text)


def words(text: str) -> str:
    """Text as it stands. Raises FieldError for what no shop writes."""
    if _CONTROL(text):
        raise FieldError("has characters that are no text; is the encoding right (--encoding)?")
    if len(text) > TEXT_BYTES or len(text.encode()) > TEXT_BYTES:
        raise FieldError(f"is longer than {TEXT_BYTES:,} bytes")
    return text


def pseudonym(key: bytes) -> Callable[[str], str]:
    """A function from an e-mail address or a name to 16 hexadecimal digits that stand for it, case apart."""

    def digest(text: str) -> str:
        return blake2b(words(text).casefold().encode(), digest_size=8, key=key[:64]).hexdigest()

    return digest


class DecimalMark:
    """Whether a file's numbers have a decimal comma, decided over all of them."""

    def __init__(self, delimiter: str, said: bool | None) -> None:
        self._said = said
        self._possible = delimiter != ","
        self.commas = ""
        self.points = ""

    def see(self, text: str) -> None:
        """Take a number into account."""
        if "," in text:
            if _COMMA_NUMBER(text):
                self.commas = self.commas or text
        elif "." in text and _NUMBER(text):
            self.points = self.points or text

    @property
    def comma(self) -> bool:
        if self._said is not None:
            return self._said
        return bool(self._possible and self.commas and not self.points)

    @property
    def note(self) -> str:
        if self._said is None and self.comma:
            return f"numbers have a decimal comma, as in {self.commas}; --decimal point reads them otherwise"
        return ""
