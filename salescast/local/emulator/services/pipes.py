"""EventBridge Pipes: what DescribePipe answers, and MiniStack's poller, which we do without.

Gaps closed:
- MiniStack drops a pipe's SourceParameters, TargetParameters and LogConfiguration; here they are kept, typed
  as the API types them, and answered by DescribePipe.
- MiniStack polls pipes that it cannot deliver: that is off, salescast/local/movers/pipe/service.py does the
  work. A pipe that the stand-in refuses is START_FAILED, with the reason in StateReason.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.model import StructureShape
from ministack.services import pipes

from salescast.local.emulator import patching
from salescast.local.emulator.services.shapes import shape_of, typed

Json = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]

_PARAMETERS = (
    "SourceParameters",
    "TargetParameters",
    "LogConfiguration",
    "Enrichment",
    "EnrichmentParameters",
)


_condition = Path(os.devnull)


def apply() -> None:
    """Patch MiniStack's Pipes."""
    global _condition
    # Where the stand-in says how it is; later the environment is a function's.
    _condition = Path(os.environ.get("STATE_DIR", os.devnull)).parent.parent / "pipe.condition.json"
    patching.replace(pipes, "_ensure_poller", lambda: None)
    patching.wrap(pipes, "_describe_response", _describing)
    patching.wrap(pipes, "_create_pipe", _keeping)
    patching.wrap(pipes, "_update_pipe", _keeping)


def keep_parameters(name: str, properties: Json) -> None:
    """Keep what MiniStack drops of a pipe's properties, as CreatePipe, UpdatePipe or a template gave them."""
    pipe = pipes._pipes.get(name)
    if pipe is None:
        return
    shape = shape_of("pipes", "DescribePipeResponse")
    assert isinstance(shape, StructureShape)
    for key in _PARAMETERS:
        if key in properties:
            pipe[key] = _merged(pipe.get(key), typed(properties[key], shape.members[key]))


def forget_parameters(name: str) -> None:
    """Drop what was kept, because a template's properties replace the earlier ones as a whole."""
    for key in _PARAMETERS:
        pipes._pipes.get(name, {}).pop(key, None)


def _merged(old: Any, new: Any) -> Any:
    """UpdatePipe cannot name createOnly members such as StartingPosition; they stay as they were."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    kept = {k: v for k, v in old.items() if k in ("StartingPosition", "StartingPositionTimestamp")}
    return {**kept, **{k: _merged(old.get(k), v) for k, v in new.items()}}


def _refusal(name: str) -> str:
    """Why the stand-in does not run a pipe of this configuration, empty when it does."""
    try:
        ills: dict[str, str] = json.loads(_condition.read_text())["ills"]
        return ills.get(f"configuration of {name}", "")
    except (OSError, ValueError, KeyError, AttributeError):
        return ""


def _keeping(original: Callable[[str, Json], Response]) -> Callable[[str, Json], Response]:
    def call(name: str, body: Json) -> Response:
        response = original(name, body)
        if response[0] < 400:
            keep_parameters(name, body)
        return response

    return call


def _describing(original: Callable[[Json], Json]) -> Callable[[Json], Json]:
    def describe(pipe: Json) -> Json:
        described = {**original(pipe), **{key: pipe[key] for key in _PARAMETERS if key in pipe}}
        if reason := _refusal(str(pipe.get("Name"))):
            described |= {"CurrentState": "START_FAILED", "StateReason": reason}
        return described

    return describe
