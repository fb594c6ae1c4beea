import base64
import json

import pytest

from salescast.local.emulator.athena.views import InvalidViewError, decode


def encoded(content: object) -> str:
    return f"/* Presto View: {base64.b64encode(json.dumps(content).encode()).decode()} */"


def test_decodes_statement_and_columns() -> None:
    view = decode(
        encoded(
            {
                "originalSql": "SELECT 1 AS n",
                "catalog": "awsdatacatalog",
                "schema": "sales",
                "columns": [{"name": "N", "type": "integer"}],
                "runAsInvoker": True,
            }
        )
    )
    assert view.sql == "SELECT 1 AS n"
    assert view.schema == "sales"
    assert view.columns == (("n", "integer"),)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("SELECT 1", "is not /\\* Presto View"),
        ("/* Presto View: AAAA */", "base64 of JSON"),
        (encoded({"originalSql": "SELECT 1"}), "lacks 'columns'"),
        (encoded(["no", "object"]), "lacks"),
    ],
)
def test_says_what_is_wrong(text: str, complaint: str) -> None:
    with pytest.raises(InvalidViewError, match=complaint):
        decode(text)
