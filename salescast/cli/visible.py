"""Nothing that comes from data steers the terminal: control characters are shown, not obeyed."""

import re
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.segment import Segment

# C0 (without the end of a line), DEL, C1, and what turns the direction of writing around.
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """The text with control characters as their escapes: "\\x1b[2J"."""
    return CONTROLS.sub(lambda match: match.group().encode("unicode_escape").decode(), text)


class Visible(RenderHook):
    """Shows control characters of all that a console prints; the console's own codes are no text to it."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Shown(renderable) for renderable in renderables]


class _Shown:
    def __init__(self, renderable: ConsoleRenderable) -> None:
        self._renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from _shown(console.render(self._renderable, options))


def _shown(segments: Iterable[Segment]) -> Iterable[Segment]:
    for segment in segments:
        yield segment if segment.control else Segment(visible(segment.text), segment.style)
