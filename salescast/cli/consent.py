"""The questions that are asked before something is written to AWS or deleted."""

import sys

import typer

from salescast.stack.errors import SalescastError
from salescast.stack.stack import Stack


def ask(stack: Stack, what: str, yes: bool) -> None:
    """Ask before a stack on AWS is written to; a laptop stack needs no question. Raises SalescastError."""
    if not stack.is_laptop:
        confirm(f"{what.capitalize()} the stack {stack.name} on AWS in {stack.region}?", yes)


def confirm(question: str, yes: bool) -> None:
    """Go on only after yes. Raises SalescastError when nobody is there to say so, or somebody says no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise SalescastError(f"{question} Nobody is there to answer; add --yes")
    if not typer.confirm(question, err=True):
        raise SalescastError("nothing was changed; add --yes to be asked no more")
