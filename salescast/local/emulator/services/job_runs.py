"""The state of a Glue job's runs.

Gap closed: MiniStack's StartJobRun of a Spark job succeeds without running anything. Here a run waits
(STARTING) until the job's stand-in takes it, and lasts until that reports its end (POST /_salescast/job-run).
A second run beside one that has not ended is refused, as with MaxConcurrentRuns 1, which is Glue's default.

Left out: larger MaxConcurrentRuns, retries, job bookmarks, triggers and workflows.
"""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

from ministack.services import glue

from salescast.local.emulator import patching

Json = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]

ACTIVE = ("STARTING", "RUNNING", "STOPPING")


def apply() -> None:
    """Put our StartJobRun in the place of MiniStack's."""
    for name in ("_jobs", "_job_runs"):
        patching.target(glue, name)
    patching.wrap(glue, "_start_job_run", _starting)


def report(request: Json) -> tuple[int, Json]:
    """Sets a run's state. `request`: JobName, RunId, State, ErrorMessage (may be empty)."""
    for run in glue._job_runs.get(request.get("JobName", ""), []):
        if run["Id"] == request.get("RunId"):
            if run["JobRunState"] in ACTIVE:
                _set(run, request["State"], request.get("ErrorMessage", ""))
            return 200, {"JobRunState": run["JobRunState"]}
    return 404, {"Code": "EntityNotFoundException", "Message": "no such job run"}


def _set(run: Json, state: str, message: str) -> None:
    now = int(time.time())
    run["JobRunState"], run["LastModifiedOn"] = state, now
    if message:
        run["ErrorMessage"] = message
    if state not in ACTIVE:
        run["CompletedOn"], run["ExecutionTime"] = now, now - int(run["StartedOn"])


def _starting(_original: Callable[[Json], Response]) -> Callable[[Json], Response]:
    def start(request: Json) -> Response:
        name = str(request.get("JobName", ""))
        job = glue._jobs.get(name)
        if job is None:
            return _refused(
                "EntityNotFoundException", f"Failed to start job run due to missing metadata: {name}"
            )
        runs = glue._job_runs.setdefault(name, [])
        if any(run["JobRunState"] in ACTIVE for run in runs):
            return _refused(
                "ConcurrentRunsExceededException", f"Concurrent runs exceeded for {name}: a run has not ended"
            )
        now = int(time.time())
        run = {
            "Id": f"jr_{uuid.uuid4().hex}",
            "JobName": name,
            "Attempt": 0,
            "StartedOn": now,
            "LastModifiedOn": now,
            "JobRunState": "STARTING",
            "Arguments": {**job.get("DefaultArguments", {}), **request.get("Arguments", {})},
            "PredecessorRuns": [],
            "ExecutionTime": 0,
            **{
                key: job[key]
                for key in ("Timeout", "WorkerType", "NumberOfWorkers", "GlueVersion")
                if job.get(key) is not None
            },
        }
        runs.append(run)
        return _json(200, {"JobRunId": run["Id"]})

    return start


def _refused(code: str, message: str) -> Response:
    return _json(400, {"__type": code, "Message": message})


def _json(status: int, body: Json) -> Response:
    return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(body).encode()
