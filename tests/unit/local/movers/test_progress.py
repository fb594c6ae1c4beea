"""The position that is kept never passes a record that is not delivered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from salescast.local.movers.progress import Container, Progress
from salescast.local.movers.shard import after, at


def test_nothing_read_nothing_kept() -> None:
    assert Progress().positions() == {}


def test_a_sequence_number_is_kept_as_it_was_written() -> None:
    progress, container = Progress(), Container()
    container.holds("s", "0009")
    container.holds("s", "0010")
    progress.add(container)
    progress.read("s", "0010")
    assert progress.positions() == {"s": at("0009")}
    progress.remove(container)
    assert progress.positions() == {"s": after("0010")}


def test_a_closed_shard_is_finished_when_its_last_container_is_delivered() -> None:
    progress, container = Progress(), Container()
    container.holds("s", "1")
    progress.add(container)
    progress.read("s", "1")
    progress.close("s")
    assert progress.positions() == {"s": at("1")}
    progress.remove(container)
    assert progress.positions()["s"].type == "FINISHED"


@given(st.data())
def test_every_undelivered_record_is_at_or_after_the_position(data: st.DataObject) -> None:
    """Records of two shards pass from containers to containers and are delivered in any order."""
    progress = Progress()
    containers: list[tuple[Container, list[tuple[str, int]]]] = []
    number = 0
    read: dict[str, int] = {}
    for _ in range(data.draw(st.integers(1, 25))):
        if data.draw(st.booleans()) or not containers:
            shard = data.draw(st.sampled_from("ab"))
            records = [(shard, number + offset) for offset in range(data.draw(st.integers(1, 4)))]
            number += len(records)
            container = Container()
            for name, record in reversed(records):
                container.holds(name, str(record))
            progress.add(container)
            progress.read(shard, str(number - 1))
            read[shard] = number - 1
            containers.append((container, records))
        else:
            container, records = containers.pop(data.draw(st.integers(0, len(containers) - 1)))
            kept = [record for record in records if data.draw(st.booleans())]
            if kept:  # some are delivered, some move on into another container
                following = Container()
                for name, record in kept:
                    following.holds(name, str(record))
                progress.add(following)
                containers.append((following, kept))
            progress.remove(container)
        positions = progress.positions()
        undelivered = [record for _, records in containers for record in records]
        for shard, last in read.items():
            kind, value = positions[shard]
            first = int(value) if kind == "AT_SEQUENCE_NUMBER" else int(value) + 1
            assert all(record >= first for name, record in undelivered if name == shard)
            assert first <= last + 1
