"""The stand-in for Glue's job runs: the script of the deployed job, on PySpark of Glue's version.

    python -m salescast.local.movers.job --endpoint URL --stack NAME --state DIR

Keeps: a run begins with StartJobRun (also of a schedule) and ends SUCCEEDED, FAILED, TIMEOUT or STOPPED; the
script is the one at the job's ScriptLocation, read, like all else, with the job's role; the job's arguments
and the run's; one run at a time; the output in the log group of --continuous-log-logGroup.

Leaves out: several workers (it is one process on this machine, two threads), bookmarks, retries, connections,
metrics of Glue's own.
"""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from botocore.exceptions import BotoCoreError, ClientError

from salescast.local.movers.clients import Clients
from salescast.local.movers.credentials import post, service_session
from salescast.local.movers.job import spark
from salescast.local.movers.job.rights import RIGHTS
from salescast.local.movers.runner import Runner, describe, start
from salescast.stack import processes

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
# Glue takes --continuous-log-logGroup and its like for itself, and hands them to the script all the same.
LOG_GROUP_ARGUMENT = "--continuous-log-logGroup"
_LOG_LINES = 2000
_MESSAGE_LIMIT = 1000
# Names the script's process in its run's folder, for a stand-in that starts after this one was killed.
PROCESS = "process.json"
NOT_INSTALLED = "PySpark is not installed on this machine; run `salescast compact`, which installs it"


def run(runner: Runner) -> None:
    """Waits for runs of the stack's job until the process is told to stop."""
    glue = runner.clients.glue
    _end_leftovers(runner)
    first = True

    def step() -> None:
        nonlocal first
        runs: list[Any] | None = runner.described(
            "AWS::Glue::Job", lambda name: glue.get_job_runs(JobName=name)["JobRuns"]
        )
        if runs is None:
            return
        runner.condition.at_work()
        for found in runs:
            if first and found["JobRunState"] == "RUNNING":
                _report(runner, found, "FAILED", "the stand-in ended during the run; its log says why")
            if found["JobRunState"] == "STARTING":
                _report(runner, found, "RUNNING", "")
                state, message = _run(runner, glue, found)
                _report(runner, found, state, message)
        first = False

    runner.follow(step, POLL_SECONDS)


def _end_leftovers(runner: Runner) -> None:
    """End scripts whose stand-in was killed: their runs count as failed, and the next may begin."""
    for path in _folder(runner).glob(f"*/{PROCESS}"):
        with suppress(OSError, ValueError, TypeError):
            processes.end(processes.Process(**json.loads(path.read_text())), seconds=1.0)
        shutil.rmtree(path.parent, ignore_errors=True)


def _folder(runner: Runner) -> Path:
    return runner.state / "tmp" / "job"


def _run(runner: Runner, glue: Any, job_run: dict[str, Any]) -> tuple[str, str]:
    """Runs the job's script; gives the state the run ends in, and the error message."""
    if not spark.installed():
        return "FAILED", NOT_INSTALLED
    folder = _folder(runner) / job_run["Id"]
    try:
        return _Run(runner, glue, job_run, folder).run()
    except (ClientError, BotoCoreError, OSError) as error:
        logger.error("%s: %s", job_run["Id"], describe(error))
        return "FAILED", describe(error)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Run:
    """One run of a job, in a folder of its own."""

    def __init__(self, runner: Runner, glue: Any, job_run: dict[str, Any], folder: Path) -> None:
        self._runner, self._glue, self._job_run, self._folder = runner, glue, job_run, folder
        self._job = glue.get_job(JobName=job_run["JobName"])["Job"]
        role = self._job["Role"]
        account, region = role.split(":")[4], str(runner.account.region_name)
        arn = f"arn:aws:glue:{region}:{account}:job/{job_run['JobName']}"
        self._region = region
        self._session = service_session(
            runner.endpoint, runner.account, role, "glue.amazonaws.com", arn, account, rights=RIGHTS
        )
        self._clients = Clients(self._session, runner.endpoint)

    def run(self) -> tuple[str, str]:
        """Raises ClientError and OSError where the role or the machine does not let it begin."""
        self._folder.mkdir(parents=True)
        script, output = self._folder / "script.py", self._folder / "output"
        place = urlparse(self._job["Command"]["ScriptLocation"])
        stored = self._clients.s3.get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))
        script.write_bytes(stored["Body"].read())
        spark.write_configuration(self._folder / "conf", self._runner.endpoint)
        arguments = {"--JOB_NAME": self._job_run["JobName"], "--JOB_RUN_ID": self._job_run["Id"]}
        arguments |= self._job_run.get("Arguments") or {}
        with output.open("wb") as log:
            process = subprocess.Popen(
                [str(spark.PYTHON), str(script), *(text for pair in arguments.items() for text in pair)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                env=spark.environment(
                    self._folder / "conf", self._runner.endpoint, self._region, self._folder, self._keys()
                ),
                start_new_session=True,
            )
        started = processes.start_time(process.pid)
        (self._folder / PROCESS).write_text(json.dumps({"pid": process.pid, "started": started}))
        state = self._wait(process)
        lines = output.read_text(errors="replace").splitlines()
        self._write_log(arguments.get(LOG_GROUP_ARGUMENT, ""), lines)
        if state == "FAILED":
            logger.error("%s failed: %s", self._job_run["Id"], "\n".join(lines[-40:]))
        return state, reason(lines) if state == "FAILED" else ""

    def _keys(self) -> dict[str, str]:
        # They last an hour, as long as the job's Timeout at the most.
        credentials = self._session.get_credentials()
        assert credentials is not None
        keys = credentials.get_frozen_credentials()
        return {
            "AWS_ACCESS_KEY_ID": keys.access_key or "",
            "AWS_SECRET_ACCESS_KEY": keys.secret_key or "",
            "AWS_SESSION_TOKEN": keys.token or "",
        }

    def _wait(self, process: subprocess.Popen[bytes]) -> str:
        deadline = time.monotonic() + 60 * float(self._job_run.get("Timeout") or 60)
        while process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(POLL_SECONDS)
            ended = "TIMEOUT" if time.monotonic() > deadline else self._stopped()
            if ended and process.poll() is None:
                process.kill()
                process.wait()
                return ended
        return "SUCCEEDED" if process.returncode == 0 else "FAILED"

    def _stopped(self) -> str:
        if self._runner.stop.is_set():
            return "STOPPED"
        found = self._glue.get_job_run(JobName=self._job_run["JobName"], RunId=self._job_run["Id"])
        return "STOPPED" if found["JobRun"]["JobRunState"] == "STOPPED" else ""

    def _write_log(self, group: str, lines: list[str]) -> None:
        if not group or not lines:
            return
        logs = self._clients.logs
        where = {"logGroupName": group, "logStreamName": self._job_run["Id"]}
        now = time.time_ns() // 1_000_000
        try:
            logs.create_log_stream(**where)
            events: list[Any] = [{"timestamp": now, "message": line} for line in lines[-_LOG_LINES:] if line]
            logs.put_log_events(**where, logEvents=events)
        except (ClientError, BotoCoreError, OSError) as error:
            logger.warning("the log group %s was not written: %s", group, describe(error))


def reason(lines: list[str]) -> str:
    """What a failed script ended with: Python's last exception, as Glue shows it."""
    for line in reversed(lines):
        name, separator, _ = line.partition(": ")
        if separator and name.replace(".", "").replace("_", "").isalnum() and not line.startswith(" "):
            return line[:_MESSAGE_LIMIT]
    return (lines[-1] if lines else "the script ended without a word")[:_MESSAGE_LIMIT]


def _report(runner: Runner, job_run: dict[str, Any], state: str, message: str) -> None:
    body = {"JobName": job_run["JobName"], "RunId": job_run["Id"], "State": state, "ErrorMessage": message}
    post(runner.account, f"{runner.endpoint}/_salescast/job-run", body)


def main() -> int:
    """Run until SIGTERM or SIGINT. Returns the exit status."""
    return start("job", run)
