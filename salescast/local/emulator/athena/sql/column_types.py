"""What Athena reports of a result's columns."""

from salescast.local.emulator.athena.sql.kinds import Kind

_DIGITS = {
    "tinyint": 3,
    "smallint": 5,
    "integer": 10,
    "bigint": 19,
    "real": 17,
    "double": 17,
    "timestamp": 3,
    "timestamp with time zone": 3,
    "varchar": 2147483647,
    "varbinary": 1073741824,
}


class ColumnType(str):
    """A type's name as ColumnInfo.Type has it, with the Precision and Scale that go beside it."""

    precision: int
    scale: int

    def __new__(cls, name: str, precision: int = 0, scale: int = 0) -> "ColumnType":
        """The type `name` of that precision and scale."""
        column_type = super().__new__(cls, name)
        column_type.precision, column_type.scale = precision, scale
        return column_type


def column_type(kind: Kind) -> ColumnType:
    """What Athena reports for a column of this kind."""
    if kind.name == "decimal":
        precision, scale = kind.parameters
        return ColumnType("decimal", precision, scale)
    return ColumnType("float" if kind.name == "real" else kind.name, _DIGITS.get(kind.name, 0))
