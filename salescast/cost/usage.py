"""A month's figures, of which a bill is made."""

from __future__ import annotations

from dataclasses import dataclass, replace

HOURS = 730.0  # of a month
# An order line is inserted once and changed twice more on average: 12,513 changes of 5,986 lines that the
# generator writes on two days of September 2026.
CHANGES_PER_ORDER = 3.09
# Of the template (a test counts): metrics that its alarms look at. Metrics that the functions send: six of
# the generator, eight of the transformer (one reason, one currency), three of the snapshot, six of the
# projector.
ALARM_METRICS = 24
OWN_METRICS = 23


@dataclass(frozen=True)
class Usage:
    """What a stack does in a month.

    change_bytes: mean of an event with both images, as Pipes sends it. item_bytes: of an order in its table.
    alarm_metrics, functions' metrics: as the template has them. queries: of people, besides the dashboard's;
    each looks at `query_days` days. dashboard_hours: that the web dashboard is open.
    """

    changes: float
    change_bytes: float = 1_700.0
    item_bytes: float = 600.0
    delivery_interval: float = 60.0
    job_runs: float = 30.0
    provisioned: bool = False
    retention_hours: float = 168.0
    queries: float = 1_000.0
    query_days: float = 28.0
    dashboard_hours: float = 160.0
    alarm_metrics: int = 0
    own_metrics: int = 0

    def watched(self) -> Usage:
        """With the template's alarms and the functions' metrics."""
        return replace(self, alarm_metrics=ALARM_METRICS, own_metrics=OWN_METRICS)

    @classmethod
    def of_orders(cls, orders_per_hour: float) -> Usage:
        """That of a shop of so many order lines an hour."""
        return cls(changes=orders_per_hour * HOURS * CHANGES_PER_ORDER)
