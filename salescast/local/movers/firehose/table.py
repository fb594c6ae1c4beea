"""The Glue table that a delivery stream converts to.

Keeps (docs/aws-behaviour.md 4.1): the columns of the table's latest version, or of the one that is named,
partition keys excluded; an update is picked up. Read with the role of the SchemaConfiguration.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from salescast.local.movers.firehose.config import Conversion
from salescast.local.movers.formats.conversion import Converter

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

FRESH_SECONDS = 15.0


class Table:
    """Gives a converter for the table as it is now, asking Glue at most every FRESH_SECONDS."""

    def __init__(
        self, glue: GlueClient, conversion: Conversion, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._glue = glue
        self._conversion = conversion
        self._clock = clock
        self._lock = threading.Lock()
        self._asked = -FRESH_SECONDS
        self._columns: list[tuple[str, str]] = []
        self._converter: Converter | None = None

    def converter(self) -> Converter:
        """Raises ClientError when Glue refuses, UnsupportedTypeError for a column that does not run here."""
        with self._lock:
            if self._converter is None or self._clock() - self._asked >= FRESH_SECONDS:
                columns = self._current()
                if columns != self._columns or self._converter is None:
                    self._converter = Converter(columns, self._conversion.deserializer)
                    self._columns = columns
                self._asked = self._clock()
            return self._converter

    def _current(self) -> list[tuple[str, str]]:
        schema = self._conversion.schema
        name, database = schema["TableName"], schema["DatabaseName"]
        catalog: dict[str, Any] = {"CatalogId": schema["CatalogId"]} if schema.get("CatalogId") else {}
        version = schema.get("VersionId", "LATEST")
        if version == "LATEST":
            table = self._glue.get_table(DatabaseName=database, Name=name, **catalog)["Table"]
        else:
            answer = self._glue.get_table_version(
                DatabaseName=database, TableName=name, VersionId=version, **catalog
            )
            table = answer["TableVersion"]["Table"]
        return [(column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"]]
