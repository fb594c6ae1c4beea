"""A query as DuckDB runs it, kept while what it names is what it was.

To look up tables, resolve and translate takes longer than most queries run. Who asks again, as a page that
refreshes itself does, is asked for every right anew.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import glue

from salescast.local.emulator.athena import catalog, dialect
from salescast.local.emulator.athena.catalog import Require, Table
from salescast.local.emulator.athena.dialect import Translation

_MOST = 200
# What the clock shows in a statement that is kept. One with this date in it is not.
_THEN = datetime(9876, 10, 12, 13, 14, 15, 167000, UTC)


@dataclass(frozen=True)
class Query:
    """The statement, and the tables that its relations are."""

    tables: dict[str, Table]
    translation: Translation


@dataclass(frozen=True)
class _Kept:
    query: Query
    asked: list[tuple[str, tuple[str, ...]]]
    entries: Mapping[str, Any]

    @property
    def is_right(self) -> bool:
        """Whether Glue has in all these places what it had."""
        return all(
            name.partition("/")[0] in glue._databases and glue._tables.get(name) == entry
            for name, entry in self.entries.items()
        )


_kept: OrderedDict[tuple[str, ...], _Kept] = OrderedDict()
_lock = threading.Lock()


def ready(sql: str, database: str, require: Require, now: datetime) -> Query:
    """`sql` over the tables that there are now, which is what its clock shows.

    Names without a database are in `database`. `require(action, *resources)` raises when the caller may not.
    Raises QueryError.
    """
    key = (get_account_id(), get_region(), database, sql)
    with _lock:
        kept = _kept.get(key)
        if kept is not None:
            _kept.move_to_end(key)
    if kept is None or not kept.is_right:
        asked = []

        def asking(action: str, *resources: str) -> None:
            require(action, *resources)
            asked.append((action, resources))

        resolved = catalog.resolve(dialect.parsed(sql), database, asking)
        texts = (sql, *resolved.views)
        if not resolved.lasts or any(f"{_THEN:%Y-%m-%d}" in text for text in texts):
            return Query(resolved.tables, dialect.translated(resolved.query, resolved.schema, now))
        translation = dialect.translated(resolved.query, resolved.schema, _THEN)
        kept = _Kept(Query(resolved.tables, translation), asked, deepcopy(resolved.entries))
        with _lock:
            _kept[key] = kept
            if len(_kept) > _MOST:
                _kept.popitem(last=False)
    else:
        for action, resources in kept.asked:
            require(action, *resources)
    return Query(kept.query.tables, kept.query.translation.at(now, _THEN))
