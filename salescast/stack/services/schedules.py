"""EventBridge Scheduler's schedules of a stack: letting them fire, and stopping them."""

from typing import Any, Literal

from salescast.stack.stack import Stack

# What GetSchedule tells and UpdateSchedule does not take. It sets what is left out to its default.
TOLD = ("Arn", "CreationDate", "LastModificationDate", "ResponseMetadata")


def switch(stack: Stack, state: Literal["ENABLED", "DISABLED"], *logical_ids: str) -> list[str]:
    """Enable or disable the schedules of these logical ids, without any all of them; gives their names.

    Nothing else about them changes. One that is gone is left out.
    """
    switched = []
    for group, name in _names(stack, logical_ids):
        schedule: dict[str, Any] = dict(stack.scheduler.get_schedule(GroupName=group, Name=name))
        for told in TOLD:
            schedule.pop(told, None)
        stack.scheduler.update_schedule(**schedule | {"State": state})
        switched.append(name)
    return switched


def _names(stack: Stack, logical_ids: tuple[str, ...]) -> list[tuple[str, str]]:
    """Group and name of the schedules that are there."""
    ours = stack.resources("AWS::Scheduler::Schedule")
    wanted = {name for name, logical in ours.items() if not logical_ids or logical in logical_ids}
    return [
        (group, one["Name"])
        for group in stack.resources("AWS::Scheduler::ScheduleGroup")
        for page in stack.scheduler.get_paginator("list_schedules").paginate(GroupName=group)
        for one in page["Schedules"]
        if not logical_ids or one["Name"] in wanted
    ]
