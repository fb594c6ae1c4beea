"""Answers as JSON, alone on stdout: no bars, and decimals as strings, so that they stay exact."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from salescast.cli.output import Output
from salescast.cli.progress import Bars
from salescast.cli.visible import CONTROLS
from salescast.functions import generate

if TYPE_CHECKING:
    from salescast.cli.demo_steps import Demo
    from salescast.cost.bill import Bill
    from salescast.functions.compact import Compaction
    from salescast.functions.erase import Erasure
    from salescast.functions.load import Load
    from salescast.integrity.health import Stage
    from salescast.integrity.reconcile import Reconciliation
    from salescast.integrity.redrive import Redrive
    from salescast.replay.replay import Rehearsal, Replay
    from salescast.reports.digest import Digest
    from salescast.stack.destroy import Destroyed
    from salescast.stack.services.athena import NamedQuery, Result
    from salescast.stack.stack import Stack
    from salescast.stack.state import State


class JsonOutput(Output):
    """One JSON value for each answer."""

    def progress(self) -> Bars:
        return Bars(self.err, hidden=True)

    def up(self, stack: Stack) -> None:
        _write({"stack": stack.name, "endpoint": stack.endpoint, "state": str(stack.state.folder)})

    def down(self, state: State, ended: Sequence[str]) -> None:  # noqa: ARG002
        _write({"ended": ended})

    def environment(self, variables: Mapping[str, str]) -> None:
        _write(dict(variables))

    def stages(self, stages: Sequence[Stage]) -> None:
        _write([vars(stage) for stage in stages])

    def destroyed(self, destroyed: Destroyed) -> None:
        _write(vars(destroyed))

    def bills(self, bills: Sequence[Bill]) -> None:
        _write(
            {
                "usage": vars(bills[0].usage),
                "lines": [line._asdict() for line in bills[0].lines],
                "designs": {
                    bill.design: {"usd": bill.usd, "fixed": bill.fixed, "per_million": bill.per_million}
                    for bill in bills
                },
            }
        )

    def generated(self, generated: generate.Generated) -> None:
        counts = {name: getattr(generated, name) for name in (*generate.COUNTS, "invocations")}
        _write(counts | {"seconds": round(generated.seconds, 3)})

    def replayed(self, replay: Replay) -> None:
        _write(replay.as_json())

    def loaded(self, load: Load) -> None:
        _write(load.as_json())

    def compacted(self, compaction: Compaction) -> None:
        _write(vars(compaction))

    def erased(self, erasure: Erasure) -> None:
        _write(vars(erasure))

    def rehearsed(self, rehearsal: Rehearsal) -> None:
        _write(rehearsal.as_json())

    def queries(self, queries: Sequence[NamedQuery]) -> None:
        _write(
            [
                {"name": query.name, "description": query.description, "parameters": query.defaults}
                for query in queries
            ]
        )

    def result(self, result: Result) -> None:
        _write(
            {
                "columns": [vars(column) for column in result.columns],
                "rows": result.rows,
                "bytes_scanned": result.bytes_scanned,
                "milliseconds": result.milliseconds,
            }
        )

    def projection(self, answer: dict[str, Any], measure: str, *, explain: bool = False) -> None:  # noqa: ARG002
        _write(answer)

    def digest(self, digest: Digest) -> None:
        _write(digest.as_json())

    def reconciliation(self, reconciliation: Reconciliation) -> None:
        _write(reconciliation.as_json())

    def redriven(self, redrive: Redrive) -> None:
        _write(redrive.as_json())

    def demo(self, demo: Demo) -> None:
        _write(vars(demo.figures))


def _write(content: Any) -> None:
    text = json.dumps(content, indent=2, default=_plain, ensure_ascii=False)
    # C0 is escaped by then; the rest, escaped, is the same to who reads JSON, and harmless in a terminal.
    escaped = CONTROLS.sub(lambda match: f"\\u{ord(match.group()):04x}", text)
    sys.stdout.write(f"{escaped}\n")


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
