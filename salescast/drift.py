"""Attribute names outside the data contract, as the transformer counts them in its log (EMF lines)."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

from salescast.stack import Stack

METRIC = "UnknownAttributes"
WINDOW = timedelta(hours=24)


def unknown_attributes(stack: Stack) -> Counter[str]:
    """Name -> how many changes carried it, over the last 24 hours."""
    configuration = stack.functions.get_function_configuration(
        FunctionName=stack.output("TransformerFunction")
    )
    pages = stack.logs.get_paginator("filter_log_events").paginate(
        logGroupName=configuration["LoggingConfig"]["LogGroup"],
        startTime=round((datetime.now(UTC) - WINDOW).timestamp() * 1000),
        filterPattern=f'"{METRIC}"',
    )
    counts: Counter[str] = Counter()
    for event in (one for page in pages for one in page["events"]):
        try:
            line = json.loads(event["message"])
        except ValueError:
            continue
        if isinstance(line, dict) and METRIC in line and "attribute" in line:
            values = line[METRIC] if isinstance(line[METRIC], list) else [line[METRIC]]
            counts[str(line["attribute"])] += round(sum(values))
    return counts
