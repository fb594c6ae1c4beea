"""Athena views as AWS Glue keeps them: base64 of a JSON text inside a comment, `/* Presto View: ... */`."""

import base64
import binascii
import json
import re
from dataclasses import dataclass

_ENVELOPE = re.compile(r"/\* Presto View: ([A-Za-z0-9+/=\s]+) \*/")


class InvalidViewError(ValueError):
    """ViewOriginalText does not hold a Presto view."""


@dataclass(frozen=True)
class View:
    """A decoded view: its statement and the columns it declares, (name, Presto type) each."""

    sql: str
    catalog: str
    schema: str
    columns: tuple[tuple[str, str], ...]


def decode(view_original_text: str) -> View:
    """The view in a Glue table's ViewOriginalText.

    Raises InvalidViewError, naming what is wrong.
    """
    match = _ENVELOPE.fullmatch(view_original_text.strip())
    if match is None:
        raise InvalidViewError("ViewOriginalText is not /* Presto View: <base64> */")
    try:
        decoded = json.loads(base64.b64decode(match.group(1), validate=False))
    except (binascii.Error, ValueError) as error:
        raise InvalidViewError(f"ViewOriginalText does not hold base64 of JSON: {error}") from error
    try:
        columns = tuple((str(c["name"]).lower(), str(c["type"])) for c in decoded["columns"])
        return View(str(decoded["originalSql"]), str(decoded["catalog"]), str(decoded["schema"]), columns)
    except (KeyError, TypeError) as error:
        raise InvalidViewError(f"the view's JSON lacks {error}") from error


def encode(view: View) -> str:
    """The ViewOriginalText of a view."""
    content = {
        "originalSql": view.sql,
        "catalog": view.catalog,
        "schema": view.schema,
        "columns": [{"name": name, "type": kind} for name, kind in view.columns],
    }
    return f"/* Presto View: {base64.b64encode(json.dumps(content).encode()).decode()} */"
