"""Checkpoints: what was saved last is what is read, and nothing half."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salescast.local.movers.checkpoint import Checkpoint, CorruptCheckpointError

_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)


def test_no_file_is_an_empty_checkpoint(tmp_path: Path) -> None:
    assert Checkpoint(tmp_path / "a" / "b.json").load() == {}


@settings(max_examples=30)
@given(contents=st.lists(st.dictionaries(st.text(), _values), min_size=1, max_size=5))
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
    checkpoint.save({"shard": 1})

    def fail(_descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        checkpoint.save({"shard": 2})
    assert Checkpoint(path).load() == {"shard": 1}


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", '{"a": 1} x'])
def test_what_is_no_checkpoint_is_named_with_a_remedy(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.json"
    path.write_text(text)
    with pytest.raises(CorruptCheckpointError, match=r"c\.json is not a checkpoint: delete it"):
        Checkpoint(path).load()


def test_unchanged_content_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    checkpoint = Checkpoint(path)
    checkpoint.save({"a": 1})
    path.write_text(json.dumps({"other": 1}))
    checkpoint.save({"a": 1})
    assert Checkpoint(path).load() == {"other": 1}
