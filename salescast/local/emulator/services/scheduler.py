"""EventBridge Scheduler: context attributes in the input, and the role that a schedule names.

Gaps closed:
- MiniStack leaves `<aws.scheduler.scheduled-time>` and its kind as they stand; here they are replaced when it
  fires.
- MiniStack ignores the schedule's role; here it must trust scheduler.amazonaws.com for its group and
  account and be allowed lambda:InvokeFunction or glue:StartJobRun, else nothing is started and the log says
  why.
- MiniStack knows no universal targets; here glue:startJobRun is one.
- MiniStack looks every 10 s and counts a rate from the moment it fired last, so it drifts; here it looks
  every second and counts from the scheduled time.

Left out: retries, the schedule's dead-letter queue, flexible windows, time zones other than UTC; of the
firings missed while the emulator was busy only the last is made up for.
"""

import json
import logging
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from ministack.services import eventbridge, glue, scheduler

from salescast.local.emulator import patching
from salescast.local.emulator.iam import rights, sessions

Json = dict[str, Any]
logger = logging.getLogger("salescast.scheduler")

START_JOB_RUN = ":aws-sdk:glue:startJobRun"


def apply() -> None:
    """Wrap the target dispatch that MiniStack's Scheduler shares with EventBridge rules."""
    for name in ("_parse_rate_seconds", "_parse_cron_fields", "_cron_next_fire"):
        patching.target(eventbridge, name)
    for name in ("_at_time_epoch", "_schedule_last_fired", "_tick_schedules"):
        patching.target(scheduler, name)
    patching.replace(scheduler, "_SCHEDULE_TICK_INTERVAL", 1)
    patching.wrap(eventbridge, "_invoke_target", _invoke_as_scheduler)


def scheduled_time(schedule: Json, now: float) -> datetime:
    """The latest moment up to `now` (epoch seconds) that the schedule's expression names."""
    expression = str(schedule.get("ScheduleExpression", ""))
    at = scheduler._at_time_epoch(expression)
    if at is not None:
        return datetime.fromtimestamp(at, UTC)
    interval = eventbridge._parse_rate_seconds(expression)
    if interval:
        start = float(schedule.get("CreationDate", now))
        return datetime.fromtimestamp(start + (now - start) // interval * interval, UTC)
    fields = eventbridge._parse_cron_fields(expression)
    moment = datetime.fromtimestamp(now, UTC)
    # Looking back two minutes is enough for a firing that is late, and cheap.
    latest: datetime | None = None
    candidate = eventbridge._cron_next_fire(fields, moment - timedelta(minutes=2)) if fields else None
    while candidate is not None and candidate <= moment:
        latest, candidate = candidate, eventbridge._cron_next_fire(fields, candidate)
    return latest or moment.replace(second=0, microsecond=0)


def filled_in(text: str, schedule_arn: str, moment: datetime, execution_id: str) -> str:
    """`text` with Scheduler's context attributes replaced, as the user guide lists them."""
    attributes = {
        "schedule-arn": schedule_arn,
        "scheduled-time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "execution-id": execution_id,
        "attempt-number": "1",
    }
    for name, value in attributes.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text


def _invoke_as_scheduler(original: Callable[..., None]) -> Callable[..., None]:
    def invoke(target: Json, event: Json, rule: Json, view: Any = None) -> None:
        if event.get("Source") != "aws.scheduler":
            original(target, event, rule, view)
            return
        now = time.time()
        moment = scheduled_time(rule, now)
        arn, account = str(rule["Arn"]), str(event["Account"])
        key = (account, event["Region"], f"{rule['GroupName']}/{rule['Name']}")
        if key in scheduler._schedule_last_fired:
            scheduler._schedule_last_fired[key] = moment.timestamp()
        if not _allowed(target, arn):
            return
        if target.get("Input"):
            target = {**target, "Input": filled_in(target["Input"], arn, moment, str(uuid.uuid4()))}
        if target["Arn"].endswith(START_JOB_RUN):
            _start_job_run(arn, target)
        else:
            original(target, event, rule, view)

    return invoke


def _start_job_run(schedule_arn: str, target: Json) -> None:
    status, _headers, body = glue._start_job_run(json.loads(target.get("Input") or "{}"))
    if status >= 400:
        logger.error("schedule %s did not start the job: %s", schedule_arn, body.decode())


def _allowed(target: Json, schedule_arn: str) -> bool:
    prefix, _, rest = schedule_arn.rpartition(":schedule/")
    # aws:SourceArn is the schedule group (user guide, "Confused deputy prevention").
    group, account = f"{prefix}:schedule-group/{rest.split('/')[0]}", schedule_arn.split(":")[4]
    try:
        session = sessions.assume(target.get("RoleArn", ""), "scheduler.amazonaws.com", group, account)
        if ":lambda:" in target["Arn"]:
            sessions.require(session["AccessKeyId"], "lambda:InvokeFunction", target["Arn"], rights.SCHEDULER)
        if target["Arn"].endswith(START_JOB_RUN):
            job = json.loads(target.get("Input") or "{}").get("JobName", "")
            resource = f"arn:aws:glue:{':'.join(schedule_arn.split(':')[3:5])}:job/{job}"
            sessions.require(session["AccessKeyId"], "glue:StartJobRun", resource, rights.SCHEDULER)
    except sessions.AccessDeniedError as error:
        logger.error("schedule %s did not fire: %s", schedule_arn, error)
        return False
    return True
