"""A Markdown page taken apart: blocks of code, code in the text, links, headings, and the commands in it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from tests.template import ROOT

PROGRAMS = ("salescast", "make", "sam", "aws")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_SUBSTITUTION = re.compile(r"\$\(([^()]*)\)")
_ASSIGNMENT = re.compile(r"[A-Z_]+=.*")


class Block(NamedTuple):
    language: str  # empty for an indented block
    text: str


class Command(NamedTuple):
    program: str
    arguments: tuple[str, ...]
    in_block: bool

    def __str__(self) -> str:
        return shlex.join((self.program, *self.arguments))


@dataclass(frozen=True)
class Page:
    """`path` is where the page stands, relative to the repository; its links start there."""

    path: Path
    text: str

    @classmethod
    def read(cls, path: Path) -> Page:
        return cls(path.relative_to(ROOT), path.read_text())

    @cached_property
    def blocks(self) -> list[Block]:
        return [Block(*found) for found in _FENCE.findall(self.text)] + list(_indented(self._unfenced))

    @cached_property
    def prose(self) -> str:
        """The text without its blocks."""
        inside = {line for block in _indented(self._unfenced) for line in block.text.splitlines()}
        return "\n".join(
            line for line in self._unfenced.splitlines() if not (line[:4] == "    " and line[4:] in inside)
        )

    @cached_property
    def spans(self) -> list[str]:
        """Code in the text, each on one line."""
        return [" ".join(code.split()) for _, code in _SPAN.findall(self.prose)]

    @cached_property
    def links(self) -> list[str]:
        """Targets of links and images within the repository."""
        found: list[str] = re.findall(r"\]\(([^)\s]+)\)", _SPAN.sub("", self.prose))
        return [target for target in found if not re.match(r"\w+:", target)]

    @cached_property
    def anchors(self) -> set[str]:
        """What GitHub makes of the headings; one that comes twice gets a number."""
        slugs: list[str] = []
        for title in re.findall(r"^#+ (.+)$", self._unfenced, re.MULTILINE):
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
            slug = re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-")
            slugs.append(f"{slug}-{slugs.count(slug)}" if slug in slugs else slug)
        return set(slugs)

    @cached_property
    def commands(self) -> list[Command]:
        """Calls of our programs and of AWS's: lines of blocks, and code in the text with more than a name."""
        found = [
            command for block in self.blocks for line in _lines(block) for command in _parsed(line, True)
        ]
        for span in self.spans:
            if re.match(rf"(\.venv/bin/)?({'|'.join(PROGRAMS)}) \S", span):
                found += _parsed(span, False)
        return found

    @property
    def _unfenced(self) -> str:
        return _FENCE.sub("", self.text)


def _indented(text: str) -> Iterator[Block]:
    """Blocks of four spaces that follow an empty line."""
    for paragraph in re.split(r"\n[ \t]*\n", "\n\n" + text):
        lines = [line for line in paragraph.splitlines() if line]
        if lines and all(line.startswith("    ") for line in lines):
            yield Block("", "\n".join(line[4:] for line in lines))


def _lines(block: Block) -> list[str]:
    """The lines that are typed: in `console` those behind a prompt, elsewhere those that call a program."""
    if block.language not in ("", "sh", "bash", "console"):
        return []
    text = re.sub(r"\s*\\\n\s*", " ", block.text)
    if block.language == "console":
        typed = re.sub(r"\n> ", " ", text).splitlines()
        return [line[2:] for line in typed if line.startswith("$ ")]
    lines = text.splitlines()
    return [line for line in lines if re.search(rf"(^|\s|/)({'|'.join(PROGRAMS)}) ", line)]


def _parsed(line: str, in_block: bool) -> Iterator[Command]:
    """The commands of a line: around && and |, and those whose answer is put in by $(...)."""
    for inner in _SUBSTITUTION.findall(line):
        yield from _parsed(inner, in_block)
    lexer = shlex.shlex(_SUBSTITUTION.sub("SUBSTITUTED", line), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, "&&"]:
        if word.strip("&|;"):
            words.append(word)
            continue
        while words and _ASSIGNMENT.fullmatch(words[0]):
            words.pop(0)
        if words and (program := words[0].rpartition("/")[2]) in PROGRAMS:
            redirected = next((at for at, one in enumerate(words) if set(one) <= {"<", ">"}), len(words))
            yield Command(program, tuple(words[1:redirected]), in_block)
        words = []
