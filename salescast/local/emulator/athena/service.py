"""Amazon Athena on DuckDB, in the place of MiniStack's query execution.

Gaps closed: Athena's dialect, Glue views, partition projection and pruning, ExecutionParameters, the caller's
rights on Glue and S3, the workgroup's enforced settings and scan cut-off, exact results and the result file's
format. MiniStack's own GetQueryExecution, GetQueryResults and lists keep working, since executions stay where
MiniStack keeps them.

Left out: DataScannedInBytes counts whole files (Athena counts the columns it reads); prepared statements;
result reuse; queueing; a malformed statement fails the execution (Athena refuses
it in StartQueryExecution).
"""

import asyncio
import contextvars
import json
import logging
import re
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
from salescast.local.emulator.athena import api, catalog, dialect, objects, rights
from salescast.local.emulator.athena.engine import Engine, Rows, Scan, Session
from salescast.local.emulator.athena.errors import QueryError
from salescast.local.emulator.athena.rights import Require
from salescast.local.emulator.athena.sql.column_types import ColumnType, column_type
from salescast.local.emulator.athena.statements import query, show, writing
from salescast.local.emulator.athena.statements.names import plain
from salescast.local.emulator.athena.types import csv_line
from salescast.local.emulator.athena.workers.pool import TIMEOUT

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
    objects: list[str] | None = None
    """What a statement wrote, for a manifest beside the result; None where it is none that writes."""
    substatement: str = ""

    @property
    def file(self) -> bytes:
        """The result file: CSV with a header; of what is no query the lines alone."""
        if self.substatement or self.types[:1] == ["string"]:
            return "".join("\t".join(value or "" for value in row) + "\n" for row in self.rows).encode()
        return "".join([csv_line([*self.columns]), *map(csv_line, self.rows)]).encode()


@dataclass
class Job:
    """What a query needs to know of the request that started it."""

    sql: str
    database: str
    parameters: list[str]
    output: str
    cutoff: int | None
    require: Require
    session: Session | None = field(default=None)


_COMMENTS = re.compile(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", re.DOTALL)
"""Before a statement; dbt says there who it is."""
_engine: Engine | None = None
_jobs: dict[str, Job] = {}
_tokens: dict[str, tuple[tuple[str, str, str], str]] = {}
"""By ClientRequestToken: what was asked, and the id of its execution."""


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
    api.apply()


def _starting(original: Callable[[Json], Response]) -> Callable[[Json], Response]:
    def start(request: Json) -> Response:
        name = request.get("WorkGroup", "primary")
        workgroup = athena._workgroups.get(name)
        if workgroup is None:
            return api.refused("WorkGroup is not found.")
        if workgroup.get("State") == "DISABLED":
            return api.refused(f"WorkGroup {name} is disabled.")
        sql = str(request.get("QueryString", ""))
        token = str(request.get("ClientRequestToken", ""))
        asked = (sql, name, json.dumps(request.get("QueryExecutionContext"), sort_keys=True))
        if token in _tokens:
            before, query_id = _tokens[token]
            if before != asked:
                return api.refused("Idempotent parameters do not match")
            return api.answer({"QueryExecutionId": query_id})
        settings = workgroup.get("Configuration") or {}
        location = _output_location(request, settings)
        if not location:
            return api.refused(_MISSING_OUTPUT)
        response = original({**request, "ResultConfiguration": {"OutputLocation": location}})
        if response[0] >= 400:
            return response
        query_id = json.loads(response[2])["QueryExecutionId"]
        parameters = [str(value) for value in request.get("ExecutionParameters") or []]
        execution = athena._executions[query_id]
        if token:
            _tokens[token] = (asked, query_id)
        execution["StatementType"] = _statement_type(sql)
        if execution["StatementType"] != "DML":
            execution["ResultConfiguration"]["OutputLocation"] = f"{location}{query_id}.txt"
        if parameters:
            execution["ExecutionParameters"] = parameters
        cutoff = settings.get("BytesScannedCutoffPerQuery")
        _jobs[query_id] = Job(
            sql=sql,
            database=plain((request.get("QueryExecutionContext") or {}).get("Database") or "default"),
            parameters=parameters,
            output=location,
            cutoff=int(cutoff) if cutoff else None,
            # The identity that started the query is the one that reads and writes for it.
            require=rights.of_caller(),
        )
        return response

    return start


def _statement_type(sql: str) -> str:
    """DML, DDL or UTILITY, as GetQueryExecution tells it."""
    first = _COMMENTS.sub("", sql).lstrip().partition("(")[0].split(None, 1)[:1]
    if first and first[0].lower() in ("values", "unload"):
        return "DML"
    return str(athena._detect_statement_type(sql))


def _output_location(request: Json, settings: Json) -> str:
    """Where results go, ending in a slash: as the workgroup says if enforced, else as the client says."""
    of_workgroup = (settings.get("ResultConfiguration") or {}).get("OutputLocation") or ""
    of_client = (request.get("ResultConfiguration") or {}).get("OutputLocation") or ""
    # CloudFormation and the API both default to true once a workgroup is configured.
    enforced = str(settings.get("EnforceWorkGroupConfiguration", bool(of_workgroup))).lower() == "true"
    location = str(of_workgroup if enforced else of_client or of_workgroup)
    return location if not location or location.endswith("/") else location + "/"


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
            location = execution["ResultConfiguration"]["OutputLocation"]
            _write_result(location, answer.file, job.require)
            if answer.objects is not None:
                manifest = f"{location.rpartition('.')[0]}-manifest.csv"
                _write_result(manifest, "\n".join(answer.objects).encode(), job.require)
                statistics["DataManifestLocation"] = manifest
            if answer.substatement:
                execution["SubstatementType"] = answer.substatement
            execution["_results"] = {"columns": answer.columns, "rows": answer.rows}
            execution["_column_types"] = answer.types
            status["State"] = "SUCCEEDED"
    except Exception as error:
        if not isinstance(error, QueryError):
            logger.exception("query %s", query_id)
        if status["State"] == "RUNNING":
            reason = str(error) if isinstance(error, QueryError) else f"GENERIC_INTERNAL_ERROR: {error!r}"
            status["State"], status["StateChangeReason"] = "FAILED", dialect.one_line(reason)
            status["AthenaError"] = _athena_error(status["StateChangeReason"])
            execution["_error"] = reason
    finally:
        _jobs.pop(query_id, None)
    milliseconds = int((time.perf_counter() - started) * 1000)
    statistics["EngineExecutionTimeInMillis"] = statistics["TotalExecutionTimeInMillis"] = milliseconds
    status["CompletionDateTime"] = time.time()


_ERRORS = (
    (("GENERIC_INTERNAL_ERROR", "INTERNAL_ERROR"), 1, 200),
    ((TIMEOUT,), 1, 206),
    (("EXCEEDED_",), 1, 0),
    (("DIVISION_BY_ZERO", "INVALID_CAST_ARGUMENT", "INVALID_FUNCTION_ARGUMENT", "NUMERIC_VALUE"), 2, 1001),
    (("",), 2, 1000),
)
"""Beginnings of reasons, with AthenaError's category and type (user guide, "Athena error catalog")."""


def _athena_error(reason: str) -> Json:
    category, kind = next((c, k) for beginnings, c, k in _ERRORS if reason.startswith(beginnings))
    return {"ErrorCategory": category, "ErrorType": kind, "Retryable": False, "ErrorMessage": reason}


def _answer(job: Job) -> Answer:
    """Run a statement, on a worker thread."""
    sql = _COMMENTS.sub("", job.sql).strip().removesuffix(";").rstrip()
    described = show.answer(sql, job.database, job.require)
    if described is not None:
        columns, rows = described
        return Answer(columns, [ColumnType("string")] * len(columns), rows)
    readied: list[_Query] = []

    def select(statement: str) -> writing.Selected:
        readied.append(_Query(job, statement))
        return readied[-1].selected

    written = writing.answer(sql, job.database, job.output, select, job.require)
    if written is None:
        return _Query(job, sql).answer()
    scanned = sum(one.scanned for one in readied)
    listed = written.objects if written.kind in ("CREATE_TABLE_AS_SELECT", "UNLOAD", "INSERT") else None
    return Answer([], [], [], scanned, listed, written.kind)


class _Query:
    """A query, resolved under the caller's rights and translated."""

    def __init__(self, job: Job, sql: str) -> None:
        self._job, self._now = job, datetime.now(UTC)
        self.scanned = 0
        whole = dialect.with_parameters(sql, job.parameters)
        ready = query.ready(whole, job.database, job.require, self._now)
        self._tables, self._translation = ready.tables, ready.translation

    @property
    def selected(self) -> writing.Selected:
        """It as what is to be written."""
        translation = self._translation

        def write(columns: list[str], keys: list[str], compression: str) -> writing.Files:
            files: writing.Files = self._run(
                lambda session, scans: session.write(translation.sql, scans, columns, keys, compression)
            )
            return files

        return writing.Selected(translation.columns, translation.kinds, write)

    def answer(self) -> Answer:
        """Its rows."""
        translation = self._translation
        result: Rows = self._run(lambda session, scans: session.run(translation.sql, scans))
        types = [column_type(kind) for kind in translation.kinds]
        return Answer(list(translation.columns), types, result.rows, self.scanned)

    def _run(self, act: Callable[[Session, list[Scan]], Any]) -> Any:
        """Prune, check the cut-off and rights, and act."""
        assert _engine is not None
        job = self._job
        partitions = {}
        for relation, table in self._tables.items():
            if table.keys and not objects.projected(table):
                job.require("glue:GetPartitions", *catalog.table_arns(table.database, table.name))
            partitions[relation] = objects.partitions(table, self._now)
        job.session = _engine.session(self._tables, partitions)
        try:
            scans = job.session.scans(self._translation.planning_sql)
            self.scanned = sum(stored.size for scan in scans for stored in scan.objects)
            _check_cutoff(job, self.scanned)
            rights.check_reading((stored for scan in scans for stored in scan.objects), job.require)
            return act(job.session, scans)
        finally:
            job.session.close()
            job.session = None


def _check_cutoff(job: Job, scanned: int) -> None:
    if job.cutoff is not None and scanned > job.cutoff:
        raise QueryError("Bytes scanned limit was exceeded")


def _write_result(location: str, data: bytes, require: Require) -> None:
    place = urlparse(location)
    bucket, key = place.netloc, place.path.lstrip("/")
    if s3._buckets.get(bucket) is None:
        raise QueryError(f"INVALID_INPUT: Unable to verify/create output bucket {bucket}")
    rights.check_writing(bucket, key, require)
    headers = {"content-type": "application/octet-stream", "content-length": str(len(data))}
    response = s3._put_object(bucket, key, data, headers)
    if response[0] >= 300:
        raise QueryError(f"INTERNAL_ERROR: writing the result to {location} failed with status {response[0]}")
