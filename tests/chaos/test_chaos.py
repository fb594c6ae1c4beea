"""Kills, the short version: a seed of `make chaos` that hits hard, on the stack that the tests share."""

from salescast import laptop
from salescast.integrity import reconcile
from salescast.stack.stack import Stack
from tests.chaos.plan import plan
from tests.chaos.player import Player

SEED = 2


def test_nothing_is_lost_or_shown_twice(stack: Stack) -> None:
    player = Player(stack, SEED)
    try:
        result = player.play()
    finally:
        laptop.revive(stack.state.folder)
    replay = f"replay it with: make chaos SEED={SEED}"
    assert result.kills >= 5
    assert (result.missing, result.faults) == (0, []), replay
    found = reconcile.reconcile(stack, settle=0)
    assert not [example for example in found.examples if player.prefix in example], replay


def test_a_seed_says_it_all_and_everything_is_killed() -> None:
    assert plan(3) == plan(3)
    assert plan(3) != plan(4)
    rounds = [step for seed in range(1, 101) for step in plan(seed)]
    assert {name for step in rounds for name in step.kills} == set(laptop.STAND_INS)
    assert any(step.crawl for step in rounds)
    kinds = {change.kind for step in rounds for change in step.changes}
    assert kinds == {"INSERT", "MODIFY", "REMOVE"}
