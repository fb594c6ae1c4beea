"""Faults, the short version: one plan of `make chaos`, on the stack that the tests share."""

from salescast.stack.stack import Stack
from tests.chaos.checker import Checker
from tests.chaos.faults import KINDS, LOSES
from tests.chaos.plan import plan
from tests.chaos.player import Player

SEED = 5
MANY = range(1, 301)


def test_nothing_is_lost_or_shown_twice(stack: Stack) -> None:
    result = Player(stack, plan(SEED), Checker(stack), alone=False).play()
    assert result.faults >= 5
    assert result.wrong == [], f"replay it with: make chaos SEED={SEED}"
    assert result.lost == 0


def test_a_seed_says_it_all_and_everything_happens() -> None:
    assert plan(3) == plan(3)
    assert plan(3) != plan(4)
    plans = [plan(seed) for seed in MANY]
    faults = [fault for one in plans for fault in one.faults.values()]
    for kind, how in KINDS.items():
        assert {fault.target for fault in faults if fault.kind == kind} >= set(how.targets), kind
    assert {fault.rounds for fault in faults} == {0, 1, 2}
    assert {change.kind for one in plans for step in one.rounds for change in step.changes} == {
        "INSERT",
        "MODIFY",
        "REMOVE",
    }


def test_a_plan_can_be_played_with_fewer_faults() -> None:
    whole = next(one for seed in MANY if len((one := plan(seed)).faults) > 3)
    part = whole.only(frozenset({1, 3}))
    assert part.faults == {number: whole.faults[number] for number in (1, 3)}
    assert [step.changes for step in part.rounds] == [step.changes for step in whole.rounds]


def test_the_short_version_leaves_the_shared_stack_as_others_expect_it() -> None:
    """No change given up, none delivered anew that others count, no other shards."""
    faults = plan(SEED).faults.values()
    assert not [fault for fault in faults if fault.target in LOSES]
    assert not {fault.kind for fault in faults} & {"damage checkpoints", "reshard", "crawl"}
