"""A run of the job that merges the arrivals, out of turn."""

from collections.abc import Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from salescast.stack.errors import SalescastError
from salescast.stack.polling import poll
from salescast.stack.stack import Stack

POLL_SECONDS = 1.0
LONGEST_POLL_SECONDS = 15.0
UNFINISHED = ("STARTING", "RUNNING", "STOPPING", "WAITING")


@dataclass(frozen=True)
class Compaction:
    """A run that succeeded: its id in Glue, and its seconds."""

    run_id: str
    seconds: int


def run(stack: Stack, arguments: Mapping[str, str] | None = None) -> Compaction:
    """Start the job, with `arguments` besides its own, and wait for its end; an interrupt leaves it running.

    Raises SalescastError with Glue's reason when a run has not ended yet or the run does not succeed.
    """
    job = stack.output("LakeJob")
    try:
        run_id = stack.glue.start_job_run(JobName=job, Arguments=dict(arguments or {}))["JobRunId"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConcurrentRunsExceededException":
            raise SalescastError("the job runs already; wait until that run has ended") from error
        raise
    ended = poll(
        lambda: stack.glue.get_job_run(JobName=job, RunId=run_id)["JobRun"],
        lambda found: found.get("JobRunState", "") not in UNFINISHED,
        pause=POLL_SECONDS,
        longest=LONGEST_POLL_SECONDS,
    )
    if ended.get("JobRunState") != "SUCCEEDED":
        reason = ended.get("ErrorMessage") or "its log group says why"
        raise SalescastError(f"the job's run {run_id} ended {ended.get('JobRunState')}: {reason}")
    return Compaction(run_id, int(ended.get("ExecutionTime", 0)))
