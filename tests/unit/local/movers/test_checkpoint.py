"""Checkpoints: what was saved last is what is read, and nothing half."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salescast.local.movers.checkpoint import Checkpoint

_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)


def _with_shards(contents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        content | {"shards": {"s": ["AFTER_SEQUENCE_NUMBER", str(n)]}} for n, content in enumerate(contents)
    ]


def test_no_file_is_an_empty_checkpoint(tmp_path: Path) -> None:
    assert Checkpoint(tmp_path / "a" / "b.json").load() == {}


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(contents=st.lists(st.dictionaries(st.text(), _values), min_size=1, max_size=5).map(_with_shards))
def test_the_last_saved_is_what_another_process_loads(
    tmp_path_factory: pytest.TempPathFactory, contents: list[dict[str, Any]]
) -> None:
    path = tmp_path_factory.mktemp("checkpoint") / "c.json"
    checkpoint = Checkpoint(path)
    for content in contents:
        checkpoint.save(content)
    assert Checkpoint(path).load() == contents[-1]
    assert [file.name for file in path.parent.iterdir()] == ["c.json"]


def test_a_failure_before_the_rename_keeps_the_old_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.json"
    checkpoint = Checkpoint(path)
    checkpoint.save({"shards": {}, "n": 1})

    def fail(_descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        checkpoint.save({"shards": {}, "n": 2})
    assert Checkpoint(path).load() == {"shards": {}, "n": 1}


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[1]", b"null", b'{"shards": {}} x', b"\xff\x00\x80", b"{}", b'{"shards": []}'),
        *(b'{"shards": {"s": 1}}', b'{"shards": {"s": []}}', b'{"shards": {"s": ["NOWHERE"]}}'),
        *(b'{"shards": {"s": ["AT_SEQUENCE_NUMBER"]}}', b'{"shards": {"s": ["AT_SEQUENCE_NUMBER", "x"]}}'),
        *(b'{"shards": {"s": "FINISHED"}}', b'{"shards": {"s": ["AT_TIMESTAMP", 1]}}', b"[" * 100_000),
    ],
)
def test_what_is_no_checkpoint_is_set_aside(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path, aside = tmp_path / "c.json", tmp_path / "c.json.broken"
    path.write_bytes(content)
    assert Checkpoint(path).load() == {}
    assert aside.read_bytes() == content
    assert not path.exists()
    assert str(aside) in caplog.text


def test_unchanged_content_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    checkpoint = Checkpoint(path)
    checkpoint.save({"shards": {}})
    path.write_text(json.dumps({"shards": {}, "other": 1}))
    checkpoint.save({"shards": {}})
    assert Checkpoint(path).load() == {"shards": {}, "other": 1}
