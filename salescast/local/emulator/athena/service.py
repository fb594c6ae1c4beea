"""Amazon Athena on DuckDB, in the place of MiniStack's query execution.

Gaps closed: Athena's dialect, Glue views, partition projection and pruning, ExecutionParameters, the caller's
rights on Glue and S3, the workgroup's enforced settings and scan cut-off, exact results and the result file's
format. MiniStack's own GetQueryExecution, GetQueryResults and lists keep working, since executions stay where
MiniStack keeps them.

Left out: DataScannedInBytes counts whole files (Athena counts the columns it reads); DDL, CTAS, INSERT,
UNLOAD, prepared statements, result reuse; queueing; a malformed statement fails the execution (Athena refuses
it in StartQueryExecution).
"""

import asyncio
import contextvars
import json
import logging
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from ministack.services import athena, s3

from salescast.local.emulator import patching
from salescast.local.emulator.athena import catalog, dialect, objects, rights, utility
from salescast.local.emulator.athena.engine import Engine, Rows, Session
from salescast.local.emulator.athena.errors import QueryError
from salescast.local.emulator.athena.rights import Require
from salescast.local.emulator.athena.sql.column_types import ColumnType, column_type
from salescast.local.emulator.athena.sql.kinds import VARCHAR
from salescast.local.emulator.athena.types import csv_line

Json = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]

logger = logging.getLogger("salescast.athena")

_MISSING_OUTPUT = (
    "No output location provided. An output location is required either through the Workgroup result "
    "configuration setting or as an API input."
)


@dataclass
class Answer:
    """A query's result: names, types, printed rows, bytes of the files read."""

    columns: list[str]
    types: list[ColumnType]
    rows: list[list[str | None]]
    scanned: int = 0


@dataclass
class Job:
    """What a query needs to know of the request that started it."""

    sql: str
    database: str
    parameters: list[str]
    cutoff: int | None
    require: Require
    session: Session | None = field(default=None)


_engine: Engine | None = None
_jobs: dict[str, Job] = {}


def apply() -> None:
    """Put our execution in the place of MiniStack's."""
    global _engine
    _engine = Engine(Path(tempfile.gettempdir()) / "athena")
    for name in ("_executions", "_workgroups", "_data_format", "_table_relation", "_empty_relation"):
        patching.target(athena, name)
    for name in ("_put_object", "_get_object_data", "_buckets"):
        patching.target(s3, name)
    rights.apply()
    patching.wrap(athena, "_start_query_execution", _starting)
    patching.wrap(athena, "_stop_query_execution", _stopping)
    patching.wrap(athena, "_type_precision_scale", _precision_and_scale)
    patching.replace(athena, "_execute_query", _execute)


def _starting(original: Callable[[Json], Response]) -> Callable[[Json], Response]:
    def start(request: Json) -> Response:
        name = request.get("WorkGroup", "primary")
        workgroup = athena._workgroups.get(name)
        if workgroup is None:
            return _refused("WorkGroup is not found.")
        if workgroup.get("State") == "DISABLED":
            return _refused(f"WorkGroup {name} is disabled.")
        settings = workgroup.get("Configuration") or {}
        location = _output_location(request, settings)
        if not location:
            return _refused(_MISSING_OUTPUT)
        response = original({**request, "ResultConfiguration": {"OutputLocation": location}})
        if response[0] >= 400:
            return response
        query_id = json.loads(response[2])["QueryExecutionId"]
        parameters = [str(value) for value in request.get("ExecutionParameters") or []]
        execution = athena._executions[query_id]
        execution["StatementType"] = athena._detect_statement_type(request.get("QueryString", ""))
        if parameters:
            execution["ExecutionParameters"] = parameters
        cutoff = settings.get("BytesScannedCutoffPerQuery")
        _jobs[query_id] = Job(
            sql=request.get("QueryString", ""),
            database=(request.get("QueryExecutionContext") or {}).get("Database") or "default",
            parameters=parameters,
            cutoff=int(cutoff) if cutoff else None,
            # The identity that started the query is the one that reads and writes for it.
            require=rights.of_caller(),
        )
        return response

    return start


def _output_location(request: Json, settings: Json) -> str:
    """Where results go, ending in a slash: as the workgroup says if enforced, else as the client says."""
    of_workgroup = (settings.get("ResultConfiguration") or {}).get("OutputLocation") or ""
    of_client = (request.get("ResultConfiguration") or {}).get("OutputLocation") or ""
    # CloudFormation and the API both default to true once a workgroup is configured.
    enforced = str(settings.get("EnforceWorkGroupConfiguration", bool(of_workgroup))).lower() == "true"
    location = str(of_workgroup if enforced else of_client or of_workgroup)
    return location if not location or location.endswith("/") else location + "/"


def _refused(message: str) -> Response:
    body = {"__type": "InvalidRequestException", "Message": message, "AthenaErrorCode": "INVALID_INPUT"}
    return 400, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(body).encode()


def _stopping(original: Callable[[Json], Response]) -> Callable[[Json], Response]:
    def stop(request: Json) -> Response:
        response = original(request)
        job = _jobs.get(request.get("QueryExecutionId", ""))
        session = job.session if job is not None else None
        if session is not None:
            session.interrupt()
        return response

    return stop


def _precision_and_scale(original: Callable[[str], tuple[int, int]]) -> Callable[[str], tuple[int, int]]:
    def precision_and_scale(kind: str) -> tuple[int, int]:
        return (kind.precision, kind.scale) if isinstance(kind, ColumnType) else original(kind)

    return precision_and_scale


async def _execute(
    query_id: str, _query: str, _database: str, _ddl: Any, _catalog: str | None = None
) -> None:
    execution: Json = athena._executions[query_id]
    status, statistics = execution["Status"], execution["Statistics"]
    job = _jobs[query_id]
    status["State"] = "RUNNING"
    started = time.perf_counter()
    try:
        answer = await asyncio.get_running_loop().run_in_executor(
            None, contextvars.copy_context().run, _answer, job
        )
        # The cut-off counts what was read, so that it shows even where the query fails for it.
        statistics["DataScannedInBytes"] = answer.scanned
        if status["State"] == "RUNNING":
            _check_cutoff(job, answer.scanned)
            _write_result(execution["ResultConfiguration"]["OutputLocation"], answer, job.require)
            execution["_results"] = {"columns": answer.columns, "rows": answer.rows}
            execution["_column_types"] = answer.types
            status["State"] = "SUCCEEDED"
    except Exception as error:
        if not isinstance(error, QueryError):
            logger.exception("query %s", query_id)
        if status["State"] == "RUNNING":
            reason = str(error) if isinstance(error, QueryError) else f"GENERIC_INTERNAL_ERROR: {error!r}"
            status["State"], status["StateChangeReason"] = "FAILED", dialect.one_line(reason)
            execution["_error"] = reason
    finally:
        _jobs.pop(query_id, None)
    milliseconds = int((time.perf_counter() - started) * 1000)
    statistics["EngineExecutionTimeInMillis"] = statistics["TotalExecutionTimeInMillis"] = milliseconds
    status["CompletionDateTime"] = time.time()


def _answer(job: Job) -> Answer:
    """Resolve, check rights, translate, prune and run; on a worker thread."""
    assert _engine is not None
    sql = job.sql.strip().removesuffix(";")
    described = utility.answer(sql, job.database, job.require)
    if described is not None:
        columns, rows = described
        return Answer(columns, [column_type(VARCHAR)] * len(columns), rows)
    now = datetime.now(UTC)
    query = dialect.parsed(dialect.with_parameters(sql, job.parameters))
    resolved = catalog.resolve(query, job.database, job.require)
    translation = dialect.translated(resolved.query, resolved.schema, now)
    partitions = {}
    for relation, table in resolved.tables.items():
        if table.keys and not objects.projected(table):
            job.require("glue:GetPartitions", *catalog.table_arns(table.database, table.name))
        partitions[relation] = objects.partitions(table, now)
    job.session = _engine.session(resolved.tables, partitions)
    try:
        scans = job.session.scans(translation.planning_sql)
        scanned = sum(stored.size for scan in scans for stored in scan.objects)
        _check_cutoff(job, scanned)
        rights.check_reading((stored for scan in scans for stored in scan.objects), job.require)
        result: Rows = job.session.run(translation.sql, scans)
    finally:
        job.session.close()
        job.session = None
    return Answer(
        list(translation.columns), [column_type(kind) for kind in translation.kinds], result.rows, scanned
    )


def _check_cutoff(job: Job, scanned: int) -> None:
    if job.cutoff is not None and scanned > job.cutoff:
        raise QueryError("Bytes scanned limit was exceeded")


def _write_result(location: str, answer: Answer, require: Require) -> None:
    place = urlparse(location)
    bucket, key = place.netloc, place.path.lstrip("/")
    if s3._buckets.get(bucket) is None:
        raise QueryError(f"INVALID_INPUT: Unable to verify/create output bucket {bucket}")
    rights.check_writing(bucket, key, require)
    lines = [csv_line(list(answer.columns)), *(csv_line(row) for row in answer.rows)]
    data = "".join(lines).encode()
    headers = {"content-type": "application/octet-stream", "content-length": str(len(data))}
    response = s3._put_object(bucket, key, data, headers)
    if response[0] >= 300:
        raise QueryError(f"INTERNAL_ERROR: writing the result to {location} failed with status {response[0]}")
