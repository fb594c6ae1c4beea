"""A snapshot of the stock, out of turn: the function that the schedule calls every hour."""

import json
from typing import Any

from salescast.stack.errors import SalescastError
from salescast.stack.stack import Stack


def take(stack: Stack) -> dict[str, Any]:
    """Invoke the snapshot function for now and return its answer. Raises SalescastError when it fails."""
    response = stack.functions.invoke(FunctionName=stack.output("SnapshotFunction"), Payload=b"{}")
    answer: Any = json.loads(response["Payload"].read() or b"null")
    if response.get("FunctionError") or not isinstance(answer, dict) or "key" not in answer:
        reason = answer.get("errorMessage", answer) if isinstance(answer, dict) else answer
        raise SalescastError(f"the snapshot of the stock failed: {reason}")
    return answer
