"""Writes what analytics/ declares into template.yaml, between the two marks: `make render`."""

import json
import re
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path

from tools import analytics
from tools.analytics import Column, Query, View

TEMPLATE = Path(__file__).parents[1] / "template.yaml"
BEGIN = "  # >>> `make render` writes what follows from analytics/: edit it there\n"
END = "  # <<< `make render`\n"
WIDTH = 120

_PRESTO = (
    '{"originalSql": "${Statement}", "catalog": "awsdatacatalog", "schema": "${Database}", '
    '"runAsInvoker": true, "columns": [${Columns}]}'
)
_VIEW = """\
  {comment}
  {view.resource}:
    Type: AWS::Glue::Table
    DependsOn: {depends_on}
    Properties:
      CatalogId: !Ref AWS::AccountId
      DatabaseName: !Ref Database
      TableInput:
        Name: {view.name}
        Description: Presto View
        TableType: VIRTUAL_VIEW
        PartitionKeys: []
        Parameters: {{presto_view: "true", comment: Presto View}}
        ViewExpandedText: /* Presto View */
        ViewOriginalText:
          Fn::Join:
            - ""
            - - "/* Presto View: "
              - Fn::Base64:
                  Fn::Sub:
                    - >-
                      {presto}
                    - Statement: "{statement}"
                      Columns: '{columns}'
              - " */"
        StorageDescriptor:
          SerdeInfo: {{}}
          Columns:
{hive}
"""
_QUERY = """\
  {query.resource}:
    Type: AWS::Athena::NamedQuery
    Properties:
      Name: {query.name}
      Description: {description}
      Database: !Ref Database
      WorkGroup: !Ref Workgroup
      QueryString: |
{statement}"""


def rendered(template: str, views: Mapping[str, View], queries: Mapping[str, Query]) -> str:
    """The template's text with the part between the marks written anew. Raises ValueError without marks."""
    before, begin, rest = template.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{TEMPLATE.name} lacks one of the lines {BEGIN.strip()!r} and {END.strip()!r}")
    parts = [*map(_view, views.values()), *map(_query, queries.values())]
    return "".join([before, begin, *(f"\n{part}" for part in parts), "\n", end, after])


def _view(view: View) -> str:
    dependencies = ", ".join(view.depends_on)
    return _VIEW.format(
        view=view,
        comment=textwrap.fill(f"# {view.description}", WIDTH, subsequent_indent="  # "),
        depends_on=f"[{dependencies}]" if len(view.depends_on) > 1 else dependencies,
        statement=textwrap.indent(view.statement, " " * 24).strip(),
        presto=_PRESTO,
        columns=_wrapped(
            (f'{{"name": "{column.name}", "type": "{column.presto_type}"}}' for column in view.columns),
            " " * 24,
        ),
        hive="\n".join(f"            - {_glue(column)}" for column in view.columns),
    )


def _query(query: Query) -> str:
    return _QUERY.format(
        query=query,
        description=_quoted(query.description),
        statement=textwrap.indent(query.statement, " " * 8),
    )


def _glue(column: Column) -> str:
    kind = column.type if re.fullmatch(r"[a-z]+", column.type) else _quoted(column.type)
    return f"{{Name: {column.name}, Type: {kind}, Comment: {_quoted(column.comment)}}}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _wrapped(items: Iterable[str], indent: str) -> str:
    """The items with commas between, on lines of their own where they would be too long."""
    lines = [""]
    for item in items:
        if lines[-1] and len(indent) + len(lines[-1]) + len(item) + 2 > WIDTH:
            lines.append("")
        lines[-1] += f", {item}" if lines[-1] else item
    return f",\n{indent}".join(lines)


def main() -> None:
    """Write template.yaml."""
    TEMPLATE.write_text(rendered(TEMPLATE.read_text(), analytics.views(), analytics.queries()))


if __name__ == "__main__":
    main()
