"""Calls of Athena's API beside its queries, as clients make them.

Gaps closed: GetQueryRuntimeStatistics, ListEngineVersions and Glue's GetTableVersions are missing; lists
ignore MaxResults and NextToken; a catalog's name is taken in one case only; a table that does not exist has
metadata.
"""

import base64
import functools
import json
from collections.abc import Callable
from typing import Any

from ministack.services import athena, glue

from salescast.local.emulator import patching

Json = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[Json], Response]

_PAGE = 50
_LISTS = {
    "_list_query_executions": "QueryExecutionIds",
    "_list_named_queries": "NamedQueryIds",
    "_list_workgroups": "WorkGroups",
    "_list_data_catalogs": "DataCatalogsSummary",
    "_list_prepared_statements": "PreparedStatements",
    "_list_databases": "DatabaseList",
    "_list_table_metadata": "TableMetadataList",
}
"""By handler: the member that holds the list."""
_OF_CATALOG = (
    "_get_database",
    "_list_databases",
    "_get_table_metadata",
    "_list_table_metadata",
    "_get_data_catalog",
)
_VERSION = "Athena engine version 3"
_TIMES = (
    "QueryQueueTimeInMillis",
    "QueryPlanningTimeInMillis",
    "EngineExecutionTimeInMillis",
    "ServiceProcessingTimeInMillis",
    "TotalExecutionTimeInMillis",
)


def apply() -> None:
    """Wrap MiniStack's handlers."""
    patching.wrap(athena, "_get_table_metadata", _of_tables_that_exist)
    patching.wrap(athena, "_list_query_executions", _newest_first)
    for name, member in _LISTS.items():
        patching.wrap(athena, name, functools.partial(_paged, member))
    for name in _OF_CATALOG:
        patching.wrap(athena, name, _in_any_case)
    patching.wrap(athena, "handle_request", functools.partial(_with_missing_calls, _CALLS))
    patching.wrap(glue, "handle_request", functools.partial(_with_missing_calls, _CALLS_OF_GLUE))


def refused(message: str, kind: str = "InvalidRequestException") -> Response:
    """Athena's answer to a request that makes no sense."""
    return answer({"__type": kind, "Message": message, "AthenaErrorCode": "INVALID_INPUT"}, 400)


def answer(content: Json, status: int = 200) -> Response:
    """A response of the JSON protocol."""
    return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(content).encode()


def _with_missing_calls(calls: dict[str, Handler], original: Callable[..., Any]) -> Callable[..., Any]:
    async def handle(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        call = calls.get(str(headers.get("x-amz-target", "")).rpartition(".")[2])
        if call is not None:
            return call(json.loads(body or b"{}"))
        return await original(method, path, headers, body, query)

    return handle


def _engine_versions(_: Json) -> Response:
    automatic = {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": _VERSION}
    return answer(
        {
            "EngineVersions": [
                automatic,
                {"SelectedEngineVersion": _VERSION, "EffectiveEngineVersion": _VERSION},
            ]
        }
    )


def _runtime_statistics(request: Json) -> Response:
    query_id = request.get("QueryExecutionId", "")
    execution = athena._executions.get(query_id)
    if execution is None:
        return refused(f"QueryExecution {query_id} was not found")
    statistics, results = execution["Statistics"], execution.get("_results") or {}
    rows = {
        "InputBytes": statistics.get("DataScannedInBytes", 0),
        "OutputRows": len(results.get("rows") or []),
    }
    timeline = {name: statistics.get(name, 0) for name in _TIMES}
    return answer({"QueryRuntimeStatistics": {"Timeline": timeline, "Rows": rows}})


_CALLS: dict[str, Handler] = {
    "ListEngineVersions": _engine_versions,
    "GetQueryRuntimeStatistics": _runtime_statistics,
}


def _table_versions(request: Json) -> Response:
    """Glue's GetTableVersions: the catalog keeps the newest alone."""
    database, name = request.get("DatabaseName", ""), request.get("TableName", "")
    table = glue._tables.get(f"{database}/{name}")
    if table is None:
        return answer({"__type": "EntityNotFoundException", "Message": f"Table {name} not found."}, 400)
    return answer({"TableVersions": [{"Table": table, "VersionId": str(table.get("VersionId") or "1")}]})


_CALLS_OF_GLUE: dict[str, Handler] = {"GetTableVersions": _table_versions}


def _paged(member: str, original: Handler) -> Handler:
    def call(request: Json) -> Response:
        asked = {key: value for key, value in request.items() if key not in ("MaxResults", "NextToken")}
        status, headers, body = original(asked | {"MaxResults": 10**9})
        if status >= 300:
            return status, headers, body
        whole = json.loads(body)
        try:
            start = int(base64.b64decode(request["NextToken"])) if request.get("NextToken") else 0
        except ValueError:
            return refused("Invalid NextToken")
        end = start + min(int(request.get("MaxResults") or _PAGE), _PAGE)
        page = whole | {member: whole[member][start:end]}
        if end < len(whole[member]):
            page["NextToken"] = base64.b64encode(str(end).encode()).decode()
        return answer(page)

    return call


def _newest_first(original: Handler) -> Handler:
    def call(request: Json) -> Response:
        content = json.loads(original(request)[2])
        content["QueryExecutionIds"].reverse()
        return answer(content)

    return call


def _in_any_case(original: Handler) -> Handler:
    """The catalog's name in the case in which it is kept, names of databases and tables in lower case."""

    def call(request: Json) -> Response:
        changed = dict(request)
        for key in ("CatalogName", "Name"):
            if str(request.get(key, "")).lower() == "awsdatacatalog":
                changed[key] = "AwsDataCatalog"
        for key in ("DatabaseName", "TableName"):
            if key in changed:
                changed[key] = str(changed[key]).lower()
        return original(changed)

    return call


def _of_tables_that_exist(original: Handler) -> Handler:
    def call(request: Json) -> Response:
        database, name = request.get("DatabaseName", ""), request.get("TableName", "")
        if glue._tables.get(f"{database}/{name}") is None:
            return refused(
                f"EntityNotFoundException: Table {name} not found in database {database}", "MetadataException"
            )
        return original(request)

    return call
