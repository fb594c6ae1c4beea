"""The shop's time zone. Data are in UTC, and so are days; people read the time of the shop's clock."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from salescast.stack.stack import Stack

OUTPUT = "ShopTimeZone"


def zone(stack: Stack) -> ZoneInfo:
    """The zone of the template's parameter ShopTimeZone; UTC where it is unknown to this machine."""
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack.description.get("Outputs", [])}
    try:
        return ZoneInfo(outputs.get(OUTPUT, "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def clock(moment: datetime, where: ZoneInfo) -> str:
    """The time of an aware moment on the shop's clock, such as 14:05."""
    return f"{moment.astimezone(where):%H:%M}"


def local(text: str, where: ZoneInfo) -> datetime:
    """Athena's text of a UTC timestamp on the shop's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).astimezone(where)


def offset(moment: datetime, where: ZoneInfo) -> float:
    """Hours by which the shop's clock is ahead of UTC."""
    found = moment.astimezone(where).utcoffset()
    return found.total_seconds() / 3600 if found else 0.0
