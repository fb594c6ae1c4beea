"""A statement's text as a tree, as strict as Trino's grammar is.

sqlglot reads many dialects and turns a function it knows into a node of its own, its arguments perhaps in
another order. Here every function keeps the name and the arguments that were written: before the parser sees
them, names in front of a parenthesis are marked, so that it knows none of them.
"""

from typing import Any

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from salescast.local.emulator.athena.errors import QueryError
from salescast.local.emulator.athena.sql.functions import ELSEWHERE

MARK = "trino$"
_RESERVED = frozenset(
    [
        "ALTER",
        "AND",
        "AS",
        "BETWEEN",
        "BY",
        "CASE",
        "CAST",
        "CONSTRAINT",
        "CREATE",
        "CROSS",
        "CUBE",
        "CURRENT_CATALOG",
        "CURRENT_DATE",
        "CURRENT_PATH",
        "CURRENT_ROLE",
        "CURRENT_SCHEMA",
        "CURRENT_TIME",
        "CURRENT_TIMESTAMP",
        "CURRENT_USER",
        "DEALLOCATE",
        "DELETE",
        "DESCRIBE",
        "DISTINCT",
        "DROP",
        "ELSE",
        "END",
        "ESCAPE",
        "EXCEPT",
        "EXECUTE",
        "EXISTS",
        "EXTRACT",
        "FALSE",
        "FOR",
        "FROM",
        "FULL",
        "GROUP",
        "GROUPING",
        "HAVING",
        "IN",
        "INNER",
        "INSERT",
        "INTERSECT",
        "INTO",
        "IS",
        "JOIN",
        "LEFT",
        "LIKE",
        "LISTAGG",
        "LOCALTIME",
        "LOCALTIMESTAMP",
        "NATURAL",
        "NORMALIZE",
        "NOT",
        "NULL",
        "ON",
        "OR",
        "ORDER",
        "OUTER",
        "PREPARE",
        "RECURSIVE",
        "RIGHT",
        "ROLLUP",
        "SELECT",
        "TABLE",
        "THEN",
        "TRIM",
        "TRUE",
        "UESCAPE",
        "UNION",
        "UNNEST",
        "USING",
        "VALUES",
        "WHEN",
        "WHERE",
        "WITH",
    ]
)
# Names with a syntax of their own, and words that stand before a parenthesis without being functions.
_OWN_SYNTAX = frozenset(
    [
        "cast",
        "try_cast",
        "extract",
        "unnest",
        "row",
        "array",
        "in",
        "exists",
        "all",
        "any",
        "some",
        "filter",
        "over",
        "group",
        "lateral",
        "by",
        "sets",
        "cube",
        "rollup",
        "values",
        "and",
        "or",
        "not",
        "on",
        "using",
        "where",
        "when",
        "then",
        "else",
        "case",
        "from",
        "join",
        "select",
        "having",
        "as",
        "between",
        "like",
        "is",
        "union",
        "except",
        "intersect",
        "distinct",
        "limit",
        "offset",
        "within",
        "listagg",
        "table",
        "interval",
        "with",
        "recursive",
        "end",
    ]
)
_TYPES = frozenset(
    [
        "boolean",
        "tinyint",
        "smallint",
        "integer",
        "int",
        "bigint",
        "real",
        "double",
        "precision",
        "decimal",
        "varchar",
        "char",
        "varbinary",
        "date",
        "time",
        "timestamp",
        "with",
        "without",
        "zone",
        "interval",
        "year",
        "month",
        "day",
        "second",
        "to",
        "json",
        "array",
        "map",
        "row",
    ]
)
_AFTER_GROUP_BY = (")", "ORDER", "HAVING", "LIMIT", "OFFSET", "UNION")
# Of other dialects, which sqlglot takes all the same.
_FOREIGN = {
    "ILIKE": TokenType.ILIKE,
    "QUALIFY": TokenType.QUALIFY,
    "RLIKE": TokenType.RLIKE,
    "GLOB": TokenType.GLOB,
    "::": TokenType.DCOLON,
}


class Reading(Trino):
    """Trino with subscripts as they are written, and hidden columns."""

    INDEX_OFFSET = 0
    PSEUDOCOLUMNS = {"$path", "$PATH"}  # noqa: RUF012, as its base has it
    EXCLUDES_PSEUDOCOLUMNS_FROM_STAR = True


def statements(sql: str) -> list[exp.Expr | None]:
    """The statements of a text. Raises QueryError, SYNTAX_ERROR."""
    dialect = Reading()
    try:
        tokens = dialect.tokenize(sql)
        _check(tokens)
        trees = dialect.parser().parse(_marked(tokens), sql)
    except ParseError as error:
        detail: dict[str, Any] = error.errors[0] if error.errors else {}
        near = str(detail.get("highlight") or "<EOF>").removeprefix(MARK)
        column = int(detail.get("col") or len(near)) - len(near) + 1
        place = f"line {detail.get('line') or 1}:{column}"
        raise QueryError(
            f"SYNTAX_ERROR: {place}: mismatched input '{near}'. {detail.get('description') or error}"
        ) from error
    except SqlglotError as error:
        raise QueryError(f"SYNTAX_ERROR: line 1:1: {error}") from error
    for tree in trees:
        for node in list(tree.find_all(exp.Identifier)) if tree is not None else ():
            if node.name.startswith(MARK):
                node.set("this", node.name.removeprefix(MARK))
    return trees


def _check(tokens: list[Token]) -> None:
    """What Trino's grammar has not."""
    words = [token.text.upper() for token in tokens]
    for index, token in enumerate(tokens):
        if token.token_type is TokenType.STRING or '"' in token.text:
            continue
        before = words[index - 1] if index else ""
        if before == "AS" and words[index] in _RESERVED and token.token_type not in (
            TokenType.IDENTIFIER, TokenType.SELECT, TokenType.WITH, TokenType.VALUES, TokenType.TABLE,
        ):  # fmt: skip
            raise _mismatched(token)
        if token.token_type in _FOREIGN.values():
            raise _mismatched(token)
        if words[index] == "OFFSET" and index > 1 and words[index - 2] == "LIMIT":
            raise _mismatched(token)
        if words[index - 2 : index + 1] == ["GROUP", "BY", "ALL"] and (
            words[index + 1 : index + 2] == [] or words[index + 1] in _AFTER_GROUP_BY
        ):
            raise QueryError(f"COLUMN_NOT_FOUND: {_where(token)}: Column 'all' cannot be resolved")


def _mismatched(token: Token) -> QueryError:
    return QueryError(f"SYNTAX_ERROR: {_where(token)}: mismatched input '{token.text}'")


def _where(token: Token) -> str:
    return f"line {token.line}:{token.col - (token.end - token.start)}"


def _marked(tokens: list[Token]) -> list[Token]:
    """The tokens, functions' names marked."""
    marked = []
    types: list[int] = []  # at which depths a CAST's type is being read
    casts: list[int] = []
    depth = 0
    for index, token in enumerate(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        called = following is not None and following.token_type is TokenType.L_PAREN
        text = token.text.lower()
        if token.token_type is TokenType.L_PAREN:
            depth += 1
            if index and tokens[index - 1].text.lower() in ("cast", "try_cast"):
                casts.append(depth)
        elif token.token_type is TokenType.R_PAREN:
            if casts and casts[-1] == depth:
                casts.pop()
                if types and types[-1] == depth:
                    types.pop()
            depth -= 1
        elif token.token_type is TokenType.ALIAS and casts and casts[-1] == depth:
            types.append(depth)
        elif (
            types and text not in _TYPES and token.token_type is not TokenType.NUMBER and text.isidentifier()
        ):
            if types[-1] == depth:
                raise QueryError(f"TYPE_MISMATCH: {_where(token)}: Unknown type: {text}")
        elif called and not types and _is_function(tokens, index, text):
            token = Token(
                TokenType.VAR, MARK + text, token.line, token.col, token.start, token.end, token.comments
            )
        marked.append(token)
    return marked


def _is_function(tokens: list[Token], index: int, text: str) -> bool:
    token = tokens[index]
    if (
        token.token_type in (TokenType.IDENTIFIER, TokenType.STRING, TokenType.NUMBER)
        or not text.isidentifier()
    ):
        return False
    if text == "filter":  # count(*) FILTER (WHERE ...) is none
        return tokens[index - 1].token_type is not TokenType.R_PAREN
    if text in _OWN_SYNTAX or (index and tokens[index - 1].token_type is TokenType.ALIAS):
        return False
    if text in ("trim", "substring", "position"):
        return not _has_keyword(tokens, index + 1)
    return token.token_type is TokenType.VAR or text in ELSEWHERE


def _has_keyword(tokens: list[Token], start: int) -> bool:
    """Whether the parentheses that begin there hold FROM, or IN, as in substring(x FROM 2) and position(x "
    "IN y)."""
    depth = 0
    for token in tokens[start:]:
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if depth == 1 and token.token_type in (TokenType.FROM, TokenType.IN):
            return True
        if depth == 0:
            return False
    return False
