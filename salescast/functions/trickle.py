"""The shop goes on by itself: the schedule that lets the generator write every minute."""

from datetime import UTC, datetime, timedelta

from salescast.functions import generate
from salescast.functions.generate import Generated
from salescast.stack.errors import SalescastError
from salescast.stack.services import schedules
from salescast.stack.stack import Stack

SCHEDULE = "GeneratorTick"  # in template.yaml
MINUTE = timedelta(minutes=1)
# The generator refuses older ticks (MAX_EVENT_AGE_SECONDS in template.yaml); one minute to be in time.
LONGEST = timedelta(minutes=59)


def start(stack: Stack, since: datetime) -> Generated:
    """Let the generator write every minute, and now what the minutes since then would have brought.

    The pace is the parameter OrdersPerHour. A minute that the schedule has had already is written once.
    Raises SalescastError when the stack has no such schedule.
    """
    if not schedules.switch(stack, "ENABLED", SCHEDULE):
        raise SalescastError(f"the stack {stack.name} has no {SCHEDULE}; deploy the current template.yaml")
    written = Generated(first_write=datetime.now(UTC))
    now = datetime.now(UTC)
    end = max(since, now - LONGEST).replace(second=0, microsecond=0) + MINUTE
    while end <= now:
        event = {"action": "tick", "time": end.strftime("%Y-%m-%dT%H:%M:%SZ")}
        written.join(generate.run(stack, event))
        end += MINUTE
    return written
