"""What kind every expression of a query is, by Trino's rules; what breaks them is refused in Trino's words.

Kinds are kept in the nodes' `meta["kind"]`, the signature that a call means in `meta["match"]`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from salescast.local.emulator.athena.errors import QueryError, place
from salescast.local.emulator.athena.sql import kinds, special
from salescast.local.emulator.athena.sql.functions import AGGREGATES, ELSEWHERE, SCALARS, SPECIAL, WINDOWS
from salescast.local.emulator.athena.sql.kinds import BOOLEAN, Kind, bare, kind_of
from salescast.local.emulator.athena.sql.reading import MARK
from salescast.local.emulator.athena.sql.signatures import filled, matching

Columns = Mapping[str, Kind]

_SIGNS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "IS DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
}
_CLAUSES = {
    "with_",
    "expressions",
    "distinct",
    "from_",
    "joins",
    "where",
    "group",
    "having",
    "windows",
    "order",
    "limit",
    "offset",
    "laterals",
    "kind",
    "hint",
    "operation_modifiers",
}


def analysed(query: exp.Query, schema: Mapping[str, Mapping[str, exp.DataType]]) -> tuple[Kind, ...]:
    """Note the kinds of all that is in `query`; the kinds of its columns.

    `schema` has the columns of each relation. Raises QueryError.
    """
    tables = {
        name: {column.lower(): kinds.of_type(kind) for column, kind in columns.items()}
        for name, columns in schema.items()
    }
    analysis = _Analysis(tables)
    for scope in traverse_scope(query):
        analysis.scope(scope)
    return outputs(query)


def outputs(query: exp.Expr) -> tuple[Kind, ...]:
    """The kinds of a query's columns, in their order."""
    if isinstance(query, exp.SetOperation):
        known: tuple[Kind, ...] = query.meta["kinds"]
        return known
    if isinstance(query, exp.Subquery):
        return outputs(query.this)
    if isinstance(query, exp.Values):
        return tuple(_values(query))
    assert isinstance(query, exp.Query)
    return tuple(kind_of(column) for column in query.selects)


def columns_of(query: exp.Expr) -> dict[str, Kind]:
    """The kinds of a query's columns by name."""
    names = query.named_selects if isinstance(query, exp.Query) else []
    return {name.lower(): kind for name, kind in zip(names, outputs(query), strict=False)}


def _values(node: exp.Values) -> list[Kind]:
    """The kinds of the columns, which are noted."""
    if "kinds" not in node.meta:
        node.meta["kinds"] = list(_of_cells(node))
    known: list[Kind] = node.meta["kinds"]
    return known


def _of_cells(node: exp.Values) -> Iterable[Kind]:
    rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in node.expressions]
    for cells in zip(*rows, strict=True):
        kind: Kind | None = kind_of(cells[0])
        for cell in cells[1:]:
            kind = kinds.common(kind, kind_of(cell)) if kind else None
        if kind is None:
            raise QueryError(f"TYPE_MISMATCH: {place(node)}: Values rows have mismatched types")
        yield kind


class _Analysis:
    def __init__(self, tables: Mapping[str, Columns]) -> None:
        self._tables = tables
        self._scope: Scope | None = None
        self._lambdas: list[dict[str, Kind]] = []

    def scope(self, scope: Scope) -> None:
        """Note all kinds of a scope; the scopes within it are done."""
        self._scope = scope
        node = scope.expression
        if isinstance(node, exp.SetOperation):
            self._set_operation(node)
            self._visit_arguments(node, skip=("this", "expression", "with_"))
        elif isinstance(node, exp.Select):
            unknown = {key for key, value in node.args.items() if value} - _CLAUSES
            if unknown:
                clause = min(unknown).upper().rstrip("_")
                raise QueryError(f"NOT_SUPPORTED: {place(node)}: the laptop's Athena has no {clause}")
            self._visit_arguments(node, skip=("with_",))
            self._check_select(node)
        else:
            self.visit(node)

    def _visit_arguments(self, node: exp.Expr, skip: tuple[str, ...] = ()) -> None:
        # FROM and joins first: what an UNNEST gives is asked for by the rest.
        order = sorted(node.args, key=lambda key: key not in ("from_", "joins", "laterals"))
        for key in order:
            if key not in skip:
                for child in _children(node.args[key]):
                    self.visit(child)

    def visit(self, node: exp.Expr) -> None:
        """Note the kind of `node` and of what it is made of."""
        if isinstance(node, exp.Query) and not isinstance(node, exp.Subquery):
            return  # a scope of its own, done before
        if isinstance(node, exp.Subquery):
            if isinstance(node.parent, (exp.From, exp.Join, exp.Lateral)):
                return
            of = outputs(node)
            node.meta["kind"] = of[0] if len(of) == 1 else Kind("row", tuple(("", kind) for kind in of))
            return
        if isinstance(node, exp.Lambda):
            return  # visited with the call that it is for
        if isinstance(node, exp.Select | exp.SetOperation):
            return
        rule = _RULES.get(type(node))
        if rule is None:
            word = type(node).__name__.upper()
            raise QueryError(f"NOT_SUPPORTED: {place(node)}: the laptop's Athena has no {word}")
        self._visit_arguments(node)
        kind = rule(self, node)
        if kind is not None:
            node.meta["kind"] = kind

    def column(self, node: exp.Column) -> Kind:
        """The kind of a column, of this scope or of one around it."""
        scope = self._scope
        name, table = node.name.lower(), node.table
        if not table and scope is not None:
            # ORDER BY may name a column of the result.
            known = columns_of(scope.expression).get(name)
            if known is not None:
                return known
        while scope is not None:
            # sqlglot leaves a column of HAVING without its table.
            selected = [source for _, source in scope.selected_sources.values()]
            for source in [scope.sources.get(table)] if table else selected:
                columns = {} if source is None else self._columns(source)
                if name in columns:
                    return columns[name]
            scope = scope.parent
        raise QueryError(
            f"COLUMN_NOT_FOUND: {place(node)}: Column '{table + '.' if table else ''}{name}' cannot be "
            f"resolved"
        )

    def _columns(self, source: Any) -> Columns:
        if isinstance(source, exp.Table):
            return self._tables.get(source.name, {})
        node = source.expression if isinstance(source, Scope) else source
        known: Columns | None = node.meta.get("columns")
        if known is None:
            known = self._of(node, source)
            node.meta["columns"] = known
        return known

    def _of(self, node: exp.Expr, source: Any) -> Columns:
        alias = node.args.get("alias")
        if isinstance(node, exp.Subquery):
            return self._of(node.this, source)
        names = [column.name.lower() for column in alias.columns] if alias else []
        if isinstance(node, exp.Unnest):
            offset = node.args.get("offset")
            of = [self._element(value) for value in node.expressions]
            if isinstance(offset, exp.Expr):
                names, of = [*names, offset.name.lower()], [*of, kinds.BIGINT]
            return dict(zip(names, of, strict=False))
        if isinstance(node, exp.Values):
            return dict(zip(names, _values(node), strict=False))
        if isinstance(node, exp.Lateral):
            return columns_of(node.this)
        return columns_of(node)

    def _element(self, value: exp.Expr) -> Kind:
        if "kind" not in value.meta:
            self.visit(value)
        kind = kind_of(value)
        if kind.name == "array" and kind.parameters[0].name != "row":
            element: Kind = kind.parameters[0]
            return element
        if kind.name in ("array", "map"):
            raise QueryError(f"NOT_SUPPORTED: {place(value)}: the laptop's Athena unnests no {kind}")
        raise QueryError(f"TYPE_MISMATCH: {place(value)}: Cannot unnest type: {kind}")

    def _set_operation(self, node: exp.SetOperation) -> None:
        left, right = outputs(node.left), outputs(node.right)
        word = type(node).__name__.upper()
        if len(left) != len(right):
            raise QueryError(
                f"TYPE_MISMATCH: {place(node)}: {word} query has different number of fields: "
                f"{len(left)}, {len(right)}"
            )
        both = []
        for number, (a, b) in enumerate(zip(left, right, strict=True), 1):
            kind = kinds.common(a, b)
            if kind is None:
                raise QueryError(
                    f"TYPE_MISMATCH: {place(node)}: column {number} in {word} query has incompatible types: "
                    f"{a}, {b}"
                )
            both.append(kind)
        node.meta["kinds"] = tuple(both)

    def _check_select(self, node: exp.Select) -> None:
        for key, word in (("where", "WHERE"), ("having", "HAVING")):
            clause = node.args.get(key)
            if clause is not None:
                self.require_boolean(
                    clause.this, f"{word} clause must evaluate to a boolean: actual type {{}}"
                )
        order = node.args.get("order")
        if node.args.get("distinct") and order is not None:
            shown = {part.sql() for column in node.selects for part in (column, column.unalias())}
            shown |= {column.alias_or_name for column in node.selects}
            for ordered in order.expressions:
                by = ordered.this
                if by.is_int or by.sql() in shown or (isinstance(by, exp.Column) and by.name in shown):
                    continue
                raise QueryError(
                    f"EXPRESSION_NOT_IN_DISTINCT: {place(node)}: For SELECT DISTINCT, ORDER BY expressions "
                    f"must "
                    "appear in select list"
                )

    def require_boolean(self, node: exp.Expr, words: str) -> None:
        """Raise QueryError where `node` is something else."""
        kind = kind_of(node)
        if kind.name not in ("boolean", "unknown"):
            raise QueryError(f"TYPE_MISMATCH: {place(node)}: {words.format(kind)}")

    def call(self, node: exp.Anonymous) -> Kind:
        """The kind of a function's result; notes which signature it means."""
        name = node.name.removeprefix(MARK).lower()
        node.set("this", name)
        arguments = list(node.expressions)
        if name == "count" and len(arguments) == 1 and isinstance(arguments[0], exp.Star):
            arguments = []
            node.set("expressions", [])
        of = [None if isinstance(a, exp.Lambda) else kind_of(bare(a)) for a in arguments]
        if name in SPECIAL:
            kind = special.kind(self, name, node, [kind or kinds.UNKNOWN for kind in of])
            if kind is not None:
                return kind
        signatures = [
            *(SCALARS.get(name) or []),
            *(AGGREGATES.get(name) or []),
            *(WINDOWS.get(name) or []),
        ]
        if not signatures:
            if name in ELSEWHERE:
                raise QueryError(
                    f"NOT_SUPPORTED: {place(node)}: the laptop's Athena does not have Trino's function {name}"
                )
            raise QueryError(f"FUNCTION_NOT_FOUND: {place(node)}: Function '{name}' not registered")
        zoned = [kind for kind in of if kind is not None and kind.name == "timestamp with time zone"]
        of = special.without_zones(name, node, of)
        match = matching(signatures, of)
        if match is None:
            given = ", ".join("function" if kind is None else str(kind) for kind in of)
            expected = ", ".join(str(signature) for signature in signatures)
            raise QueryError(
                f"FUNCTION_NOT_FOUND: {place(node)}: Unexpected parameters ({given}) for function {name}. "
                f"Expected: {expected}"
            )
        node.meta["match"] = match
        node.meta["aggregate"] = name in AGGREGATES or name in WINDOWS
        for argument, pattern in zip(arguments, match.signature.parameters, strict=False):
            if isinstance(argument, exp.Lambda):
                self._function(argument, pattern, match.bindings)
        returns = match.returns
        if returns.name == "timestamp with time zone":
            return zoned[0] if zoned else special.zone(name, node)
        return returns

    def _function(self, node: exp.Lambda, pattern: str, bindings: dict[str, Kind]) -> None:
        """Visit a lambda whose parameters are of these kinds, and note what its result's letter stands "
        "for."""
        *parameters, result = pattern.removeprefix("function(").removesuffix(")").split(",")
        if len(parameters) != len(node.expressions):
            raise QueryError(
                f"INVALID_PARAMETER_USAGE: {place(node)}: Expected a lambda that takes {len(parameters)}"
            )
        names = [variable.name.lower() for variable in node.expressions]
        self._lambdas.append(dict(zip(names, (filled(p, bindings) for p in parameters), strict=True)))
        self.visit(node.this)
        self._lambdas.pop()
        kind = kind_of(node.this)
        if len(result) == 1 and result not in bindings:
            bindings[result] = kind
            return
        expected = filled(result, bindings)
        if kinds.steps(kind, expected) is None:
            raise QueryError(
                f"TYPE_MISMATCH: {place(node)}: Expected a lambda of {expected} and it is {kind}"
            )
        node.meta["kind"] = expected

    def variable(self, node: exp.Identifier) -> Kind | None:
        """The kind of a lambda's parameter; of any other name nothing is noted."""
        for names in reversed(self._lambdas):
            if node.name.lower() in names:
                return names[node.name.lower()]
        return None

    def arithmetic(self, node: exp.Binary) -> Kind:
        """The kind of + - * / %."""
        left, right = kind_of(node.left), kind_of(node.right)
        kind = _arithmetic(node, left, right)
        if kind is None:
            raise QueryError(
                f"TYPE_MISMATCH: {place(node)}: Cannot apply operator: {left} {_SIGNS[type(node)]} {right}"
            )
        return kind

    def comparison(self, node: exp.Binary) -> Kind:
        """boolean, of two kinds with something in common."""
        left, right = kind_of(node.left), kind_of(bare(node.right))
        if isinstance(node.right, (exp.Any, exp.All)):
            right = outputs(node.right.this)[0]
        special.comparable(node, (left, right))
        if kinds.common(left, right) is None:
            raise QueryError(
                f"TYPE_MISMATCH: {place(node)}: Cannot apply operator: {left} {_SIGNS[type(node)]} {right}"
            )
        return BOOLEAN

    def between(self, node: exp.Between) -> Kind:
        """boolean"""
        of = [kind_of(node.this), kind_of(node.args["low"]), kind_of(node.args["high"])]
        if any(kinds.common(of[0], other) is None for other in of[1:]):
            raise QueryError(
                f"TYPE_MISMATCH: {place(node)}: Cannot check if {of[0]} is BETWEEN {of[1]} and {of[2]}"
            )
        return BOOLEAN

    def membership(self, node: exp.In) -> Kind:
        """boolean"""
        query = node.args.get("query")
        if query is not None:
            of = outputs(query)
            mine = kind_of(node.this)
            if len(of) == 1 and kinds.common(mine, of[0]) is None:
                raise QueryError(
                    f"TYPE_MISMATCH: {place(node)}: value and result of subquery must be of the same type "
                    f"for IN "
                    f"expression: {mine} vs {of[0]}"
                )
            return BOOLEAN
        self.shared(
            [node.this, *node.expressions],
            "IN value and list items must be the same type or coercible to a common type.",
        )
        return BOOLEAN

    def shared(self, nodes: Iterable[exp.Expr], words: str) -> Kind:
        """What all become. Raises QueryError."""
        kind: Kind = kinds.UNKNOWN
        for node in nodes:
            both = kinds.common(kind, kind_of(node))
            if both is None:
                raise QueryError(
                    f"TYPE_MISMATCH: {place(node)}: {words} Cannot find common type between {kind} and "
                    f"{kind_of(node)}"
                )
            kind = both
        return kind

    def case(self, node: exp.Case) -> Kind:
        """What all results become."""
        results = [branch.args["true"] for branch in node.args["ifs"]]
        default = node.args.get("default")
        for branch in node.args["ifs"]:
            if node.this is None:
                self.require_boolean(branch.this, "CASE WHEN clause must evaluate to a boolean (actual: {})")
            else:
                self.shared(
                    [node.this, branch.this], "CASE operand type does not match WHEN clause operand type:"
                )
        return self.shared(
            [*results, *([default] if default is not None else [])],
            "All CASE results must be the same type or coercible to a common type.",
        )

    def logical(self, node: exp.Expr) -> Kind:
        """boolean of booleans"""
        word = type(node).__name__.upper()
        for part in node.iter_expressions():
            self.require_boolean(
                part, f"Logical expression term must evaluate to a boolean (actual: {{}}), {word}"
            )
        return BOOLEAN

    def like(self, node: exp.Expr) -> Kind:
        """boolean of texts"""
        for part in (node.this, node.expression):
            if kind_of(part).name not in ("varchar", "char", "unknown", "boolean"):
                raise QueryError(
                    f"TYPE_MISMATCH: {place(part)}: Left side of LIKE expression must evaluate to a varchar "
                    f"(actual: {kind_of(part)})"
                )
        return BOOLEAN

    def concatenation(self, node: exp.DPipe) -> Kind:
        """concat of the two."""
        of = [kind_of(node.left), kind_of(node.right)]
        match = matching(SCALARS["concat"], of)
        if match is None:
            raise QueryError(
                f"FUNCTION_NOT_FOUND: {place(node)}: Unexpected parameters ({of[0]}, {of[1]}) for function "
                f"concat."
            )
        node.meta["match"] = match
        return match.returns

    def subscript(self, node: exp.Bracket) -> Kind:
        """An array's element, a map's value, a row's field."""
        kind = kind_of(node.this)
        index = node.expressions[0]
        of: Kind
        if kind.name == "array" and kind_of(index).name in kinds.INTEGERS:
            of = kind.parameters[0]
        elif kind.name == "map" and kinds.steps(kind_of(index), kind.parameters[0]) is not None:
            of = kind.parameters[1]
        elif kind.name == "row" and index.is_int and 0 < int(index.name) <= len(kind.parameters):
            of = kind.parameters[int(index.name) - 1][1]
        else:
            raise QueryError(
                f"TYPE_MISMATCH: {place(node)}: Cannot use {kind_of(index)} for subscript of {kind}"
            )
        return of

    def field(self, node: exp.Dot) -> Kind:
        """A row's field by its name."""
        kind = kind_of(node.this)
        fields = dict(kind.parameters) if kind.name == "row" else {}
        of: Kind | None = fields.get(node.expression.name)
        if of is None:
            raise QueryError(f"TYPE_MISMATCH: {place(node)}: Expression is not of type ROW")
        return of

    def cast(self, node: exp.Cast) -> Kind:
        """The type named, if there is a way."""
        return special.cast(node)

    def interval(self, node: exp.Interval) -> Kind:
        """Of months or of days."""
        unit = node.args.get("unit")
        text = unit.sql().upper() if unit is not None else ""
        return kinds.MONTHS if "YEAR" in text or "MONTH" in text else kinds.DAYS


def _children(value: Any) -> Iterable[exp.Expr]:
    for child in value if isinstance(value, list) else [value]:
        if isinstance(child, exp.Expr):
            yield child


def _arithmetic(node: exp.Binary, left: Kind, right: Kind) -> Kind | None:
    if kinds.is_number(left) and kinds.is_number(right):
        if left.name in ("real", "double") or right.name in ("real", "double"):
            double = "double" in (left.name, right.name) or not {left.name, right.name} <= {
                "real",
                *kinds.INTEGERS,
                "decimal",
            }
            return kinds.DOUBLE if double else Kind("real")
        if "decimal" not in (left.name, right.name):
            return kinds.common(left, right)
        return _of_decimals(node, left, right)
    if "unknown" in (left.name, right.name):
        other = right if left.name == "unknown" else left
        return other if kinds.is_number(other) or other.name == "unknown" else None
    intervals = (kinds.DAYS, kinds.MONTHS)
    timely = ("date", "timestamp", "timestamp with time zone")
    if isinstance(node, (exp.Add, exp.Sub)):
        if left.name in timely and right in intervals:
            return left
        if isinstance(node, exp.Add) and right.name in timely and left in intervals:
            return right
        if left == right and left in intervals:
            return left
        if isinstance(node, exp.Sub) and left.name in timely and left.name == right.name:
            return kinds.DAYS
    if isinstance(node, exp.Mul) and left == kinds.DAYS and right.name in kinds.INTEGERS:
        return left
    if isinstance(node, exp.Mul) and right == kinds.DAYS and left.name in kinds.INTEGERS:
        return right
    return None


def _of_decimals(node: exp.Binary, left: Kind, right: Kind) -> Kind:
    """Trino's rules ("Decimal functions and operators")."""
    (p1, s1), (p2, s2) = kinds.size(left) or (0, 0), kinds.size(right) or (0, 0)
    match node:
        case exp.Mul():
            if s1 + s2 > kinds.MAX_PRECISION:
                raise QueryError(
                    f"TYPE_MISMATCH: {place(node)}: DECIMAL scale must be in range [0, precision (38)]: "
                    f"{s1 + s2}"
                )
            return kinds.decimal(p1 + p2, s1 + s2)
        case exp.Div():
            return kinds.decimal(p1 + s2 + max(s2 - s1, 0), max(s1, s2))
        case exp.Mod():
            return kinds.decimal(min(p1 - s1, p2 - s2) + max(s1, s2), max(s1, s2))
    return kinds.decimal(max(p1 - s1, p2 - s2) + max(s1, s2) + 1, max(s1, s2))


def _literal(_: _Analysis, node: exp.Literal) -> Kind:
    if node.is_string:
        return kinds.VARCHAR
    text = node.name
    if "e" in text.lower():
        return kinds.DOUBLE
    if "." in text:
        whole, fraction = text.split(".")
        return kinds.decimal(max(len(whole.lstrip("0")) + len(fraction), 1), len(fraction))
    return kinds.INTEGER if int(text) < 2**31 else kinds.BIGINT


def _same(_: _Analysis, node: exp.Expr) -> Kind:
    inner = bare(node)
    inner = inner.this if inner is node else inner
    return kind_of(bare(inner)) if isinstance(inner, exp.Expr) else kinds.UNKNOWN


def _negative(_: _Analysis, node: exp.Expr) -> Kind:
    kind = kind_of(node.this)
    if not kinds.is_number(kind) and kind not in (kinds.DAYS, kinds.MONTHS, kinds.UNKNOWN):
        raise QueryError(f"TYPE_MISMATCH: {place(node)}: Cannot negate {kind}")
    return kind


def _array(analysis: _Analysis, node: exp.Array) -> Kind:
    return kinds.array(analysis.shared(node.expressions, "All ARRAY elements must be the same type."))


def _row(_: _Analysis, node: exp.Expr) -> Kind:
    return Kind("row", tuple(("", kind_of(part)) for part in node.expressions))


def _nothing(_: _Analysis, __: exp.Expr) -> None:
    return None


def _always(kind: Kind) -> Callable[[_Analysis, Any], Kind]:
    return lambda _, __: kind


_RULES: dict[type[exp.Expr], Callable[[_Analysis, Any], Kind | None]] = {
    exp.Literal: _literal,
    exp.Boolean: _always(BOOLEAN),
    exp.Null: _always(kinds.UNKNOWN),
    exp.HexString: _always(Kind("varbinary")),
    exp.Column: _Analysis.column,
    exp.Pseudocolumn: _Analysis.column,
    exp.Identifier: _Analysis.variable,
    exp.Anonymous: _Analysis.call,
    exp.Bracket: _Analysis.subscript,
    exp.Dot: _Analysis.field,
    exp.DPipe: _Analysis.concatenation,
    exp.Between: _Analysis.between,
    exp.In: _Analysis.membership,
    exp.Case: _Analysis.case,
    exp.Cast: _Analysis.cast,
    exp.TryCast: _Analysis.cast,
    exp.Interval: _Analysis.interval,
    exp.Neg: _negative,
    exp.Array: _array,
    exp.Struct: _row,
    exp.Tuple: _row,
    exp.Exists: _always(BOOLEAN),
    exp.Is: _always(BOOLEAN),
    exp.Not: _Analysis.logical,
    exp.And: _Analysis.logical,
    exp.Or: _Analysis.logical,
    exp.Like: _Analysis.like,
    exp.Escape: _Analysis.like,
    exp.AtTimeZone: special.at_time_zone,
    exp.Extract: special.extract,
    exp.Substring: special.substring,
    exp.StrPosition: _always(kinds.BIGINT),
    exp.Trim: _always(kinds.VARCHAR),
    exp.GroupConcat: special.listagg,
    # What stands for a column that a JOIN ... USING names.
    exp.Coalesce: lambda analysis, node: analysis.shared([node.this, *node.expressions], "USING:"),
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod), _Analysis.arithmetic),
    **dict.fromkeys(
        (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ),
        _Analysis.comparison,
    ),
    **dict.fromkeys(
        (exp.Alias, exp.Paren, exp.Filter, exp.Window, exp.Distinct, exp.Order, exp.Ordered), _same
    ),
    **dict.fromkeys((exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup), _same),
    **dict.fromkeys(
        (
            exp.Where,
            exp.Group,
            exp.Having,
            exp.From,
            exp.Join,
            exp.Table,
            exp.TableAlias,
            exp.Unnest,
            exp.Values,
            exp.Lateral,
            exp.Star,
            exp.Limit,
            exp.Offset,
            exp.Fetch,
            exp.WindowSpec,
            exp.GroupingSets,
            exp.Rollup,
            exp.Cube,
            exp.DataType,
            exp.DataTypeParam,
            exp.Var,
            exp.If,
            exp.IntervalSpan,
            exp.Any,
            exp.All,
            exp.CTE,
            exp.With,
            exp.Hint,
            exp.ColumnDef,
            exp.LimitOptions,
        ),
        _nothing,
    ),
}
