"""What a run has done so far."""

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Tally:
    """Counts of a run. `repeated`: found already done; `absent`: changes of orders that are not there."""

    inserted: int = 0
    changed: int = 0
    removed: int = 0
    repeated: int = 0
    absent: int = 0
    test: int = 0
    restocked: int = 0

    def counts(self) -> dict[str, int]:
        return asdict(self)
