"""CloudWatch's evaluation of an alarm over recorded metrics, as far as the template's alarms use it.

Keeps: metric math of IF, FILL with a number, AND, comparisons; Sum, Maximum, Minimum and SampleCount over a
period; M of N datapoints; TreatMissingData notBreaching (CloudWatch guide, using metric math; evaluating an
alarm).
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

Series = list[float | None]
# (namespace, metric): a value for each five minutes, None where the service sent none.
Recorded = Mapping[tuple[str, str], Series]
STEP = 300

_STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Gt: operator.gt,
    ast.Lt: operator.lt,
    ast.Eq: operator.eq,
}
_BREACHES = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
}


def raised(alarm: Mapping[str, Any], recorded: Recorded, threshold: float | None = None) -> list[int]:
    """The minutes from the beginning of what was recorded at whose end the alarm (properties) is raised.

    `threshold` is that of an alarm whose own is a parameter.
    """
    assert alarm["TreatMissingData"] == "notBreaching"
    period, values = _values(alarm, recorded)
    limit = alarm["Threshold"] if threshold is None else threshold
    breaches = _BREACHES[alarm["ComparisonOperator"]]
    breaching = [value is not None and breaches(value, limit) for value in values]
    count, of = alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"]), alarm["EvaluationPeriods"]
    assert 1 <= count <= of
    assert of * period <= (7 if period >= 3600 else 1) * 86_400, "CloudWatch looks back no further"
    return [
        (end + 1) * period // 60
        for end in range(len(breaching))
        if sum(breaching[max(0, end + 1 - of) : end + 1]) >= count
    ]


def _values(alarm: Mapping[str, Any], recorded: Recorded) -> tuple[int, Series]:
    if "Metrics" not in alarm:
        key = (alarm["Namespace"], alarm["MetricName"])
        return alarm["Period"], _aggregated(recorded.get(key, []), alarm["Statistic"], alarm["Period"])
    inputs, expressions, periods = {}, [], set()
    for one in alarm["Metrics"]:
        if "Expression" in one:
            expressions.append(one["Expression"])
            continue
        assert one["ReturnData"] is False
        stat = one["MetricStat"]
        key = (stat["Metric"]["Namespace"], stat["Metric"]["MetricName"])
        inputs[one["Id"]] = _aggregated(recorded.get(key, []), stat["Stat"], stat["Period"])
        periods.add(stat["Period"])
    (expression,), (period,) = expressions, periods
    length = max(map(len, inputs.values()))
    padded = {name: [*series, *[None] * (length - len(series))] for name, series in inputs.items()}
    tree = ast.parse(expression.replace(" AND ", " and "), mode="eval").body
    return period, [
        _evaluated(tree, {name: series[at] for name, series in padded.items()}) for at in range(length)
    ]


def _aggregated(series: Series, statistic: str, period: int) -> Series:
    count = period // STEP
    chunks = [series[at : at + count] for at in range(0, len(series), count)]
    sent = [[value for value in chunk if value is not None] for chunk in chunks]
    return [float(_STATISTICS[statistic](values)) if values else None for values in sent]


def _evaluated(node: ast.expr, metrics: Mapping[str, float | None]) -> float | None:
    """The value of an expression in one period; None is no data. Raises AssertionError for other syntax."""
    if isinstance(node, ast.Constant):
        return float(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.Name):
        return metrics[node.id]
    if isinstance(node, ast.Call):
        assert isinstance(node.func, ast.Name)
        first, *rest = node.args
        value = _evaluated(first, metrics)
        if node.func.id == "FILL":
            return value if value is not None else _evaluated(rest[0], metrics)
        assert node.func.id == "IF", node.func.id
        return None if value is None else _evaluated(rest[0 if value else 1], metrics)
    if isinstance(node, ast.BoolOp):
        assert isinstance(node.op, ast.And)
        parts = [_evaluated(part, metrics) for part in node.values]
        return None if None in parts else float(all(parts))
    assert isinstance(node, ast.Compare), ast.dump(node)
    left, right = _evaluated(node.left, metrics), _evaluated(node.comparators[0], metrics)
    if left is None or right is None:
        return None
    return float(_COMPARISONS[type(node.ops[0])](left, right))
