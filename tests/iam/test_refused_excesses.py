"""Nobody may do more: every excess is tried by every role, and by an analyst."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.iam.actors import Actor
from tests.iam.calls import Things
from tests.iam.conftest import OWNERS
from tests.iam.excesses import EXCESSES, Excess
from tests.iam.test_needed_rights import refusal

TRIED = [(owner, excess) for owner in OWNERS for excess in EXCESSES if owner not in excess.may]
MAY = [(owner, excess) for excess in EXCESSES for owner in sorted(excess.may)]


def name(value: object) -> str:
    return f"{value.action} {value.what}" if isinstance(value, Excess) else str(value)


@pytest.mark.parametrize(("owner", "excess"), TRIED, ids=name)
def test_it_is_refused(owner: str, excess: Excess, actors: dict[str, Actor], things: Things) -> None:
    with pytest.raises(ClientError) as refused:
        excess.call(actors[owner], things)
    assert refusal(refused.value) == excess.action


@pytest.mark.parametrize(("owner", "excess"), MAY, ids=name)
def test_who_is_excepted_may(owner: str, excess: Excess, actors: dict[str, Actor], things: Things) -> None:
    """Otherwise an exception in the list would hide nothing, and nobody would notice."""
    excess.call(actors[owner], things)


def test_everybody_tries_everything() -> None:
    assert len(TRIED) + len(MAY) == len(EXCESSES) * len(OWNERS)
    assert {owner for owner, _ in TRIED} == set(OWNERS)
