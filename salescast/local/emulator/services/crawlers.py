"""The state of a crawler's run.

Gap closed: MiniStack's StartCrawler ends by a timer of 5 seconds and always succeeds. Here a run lasts until
the crawler's stand-in reports its end (POST /_salescast/crawler-finished), and LastCrawl tells how it ended.
"""

import time
import uuid
from collections.abc import Callable
from typing import Any

from ministack.services import glue

from salescast.local.emulator import patching

Json = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]

LOG_GROUP = "/aws-glue/crawlers"
_FAR_AWAY_SECONDS = 10 * 365 * 86400
_started: dict[str, float] = {}


def apply() -> None:
    """Take MiniStack's timer away and stamp the start and the cancellation of a run."""
    patching.target(glue, "_crawlers")
    patching.replace(glue, "CRAWLER_RUN_SECONDS", _FAR_AWAY_SECONDS)
    patching.wrap(glue, "_start_crawler", _stamped)
    patching.wrap(glue, "_stop_crawler", _cancelled)


def finish(request: Json) -> tuple[int, Json]:
    """Ends a run. `request`: Name, Status (SUCCEEDED or FAILED), ErrorMessage (may be empty)."""
    crawler = glue._crawlers.get(request.get("Name", ""))
    if crawler is None:
        return 404, {"Code": "EntityNotFoundException", "Message": "no such crawler"}
    if crawler["State"] == "RUNNING":
        _end(crawler, request.get("Status", "SUCCEEDED"), request.get("ErrorMessage", ""))
    return 200, {"State": crawler["State"]}


def _stamped(original: Callable[[Json], Response]) -> Callable[[Json], Response]:
    def start(data: Json) -> Response:
        response = original(data)
        if response[0] < 400:
            _started[data["Name"]] = time.time()
        return response

    return start


def _cancelled(original: Callable[[Json], Response]) -> Callable[[Json], Response]:
    def stop(data: Json) -> Response:
        response = original(data)
        if response[0] < 400:
            _end(glue._crawlers[data["Name"]], "CANCELLED", "")
        return response

    return stop


def _end(crawler: Json, status: str, message: str) -> None:
    started = _started.get(crawler["Name"], time.time())
    crawler["State"] = "READY"
    crawler["CrawlElapsedTime"] = int((time.time() - started) * 1000)
    crawler["LastCrawl"] = {
        "Status": status,
        "LogGroup": LOG_GROUP,
        "LogStream": crawler["Name"],
        "MessagePrefix": str(uuid.uuid4()),
        "StartTime": started,
        **({"ErrorMessage": message} if message else {}),
    }
