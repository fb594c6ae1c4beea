"""Plays a plan on a laptop stack; then asks the checker where every change is, and reconcile and redrive."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from salescast import laptop
from salescast.integrity import reconcile, redrive
from salescast.stack.services.athena import run
from salescast.stack.stack import Stack
from tests.chaos.checker import Account, Checker, Written
from tests.chaos.faults import LOSES, begin
from tests.chaos.plan import Change, Plan, Round

ARRIVE_SECONDS = 120.0
# What a transformer dropped never arrives; so long nothing may have come before that is believed.
STILL_SECONDS = 15.0
REDRIVES = 3


@dataclass
class Result:
    """What became of a plan. Counts of changes, `faults` of faults; `wrong` says what should not be.

    `failed` were under errors/ or in the queue before the redrive; `lost` were nowhere, which only a
    transformer that drops them can do; `repeated` are rows of arrivals beyond a change's first.
    """

    seed: int
    faults: int
    changes: int = 0
    failed: int = 0
    redriven: int = 0
    lost: int = 0
    repeated: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not self.wrong


class Player:
    """One plan on one stack, under order ids of its own. `checker` knows what was written before.

    Where others write to the stack too (not `alone`), reconcile's counts are not compared with the checker's.
    """

    def __init__(self, stack: Stack, plan: Plan, checker: Checker, *, alone: bool = True) -> None:
        self._stack = stack
        self._plan = plan
        self._checker = checker
        self._alone = alone
        self._table = stack.output("OrdersTable")
        self.prefix = f"chaos-{plan.seed}-{uuid4().hex[:8]}-"
        checker.prefixes.add(self.prefix)
        self._result = Result(plan.seed, len(plan.faults))
        self._drops = any(fault.target in LOSES for fault in plan.faults.values())

    def play(self) -> Result:
        """Write under faults, end them all, and judge."""
        began = time.monotonic()
        lasting: list[tuple[int, ExitStack]] = []
        try:
            for number, step in enumerate(self._plan.rounds):
                for _, over in [entry for entry in lasting if entry[0] < number]:
                    over.close()
                lasting = [entry for entry in lasting if entry[0] >= number]
                self._round(number, step, lasting)
        finally:
            for _, over in reversed(lasting):
                over.close()
            laptop.revive(self._stack.state.folder)
        self._judge()
        self._result.seconds = time.monotonic() - began
        return self._result

    def _round(self, number: int, step: Round, lasting: list[tuple[int, ExitStack]]) -> None:
        for change in step.changes:
            self._write(change)
            self._checker.written.add(Written(self._id(change), change.version, change.kind))
        self._result.changes += len(step.changes)
        time.sleep(step.pause)
        short = ExitStack()
        with short:
            for fault in step.faults:
                if fault.rounds:
                    over = ExitStack()
                    lasting.append((number + fault.rounds, over))
                    over.enter_context(begin(self._stack, fault))
                else:
                    short.enter_context(begin(self._stack, fault))
            time.sleep(max((fault.seconds for fault in step.faults if not fault.rounds), default=0))

    def _id(self, change: Change) -> str:
        return f"{self.prefix}{change.order}"

    def _write(self, change: Change) -> None:
        dynamodb, key = self._stack.dynamodb, {"order_id": {"S": self._id(change)}}
        if change.kind == "REMOVE":
            dynamodb.delete_item(
                TableName=self._table, Key=key, ConditionExpression="version = :v",
                ExpressionAttributeValues={":v": {"N": str(change.version)}},
            )  # fmt: skip
            return
        clock = datetime.now(UTC) + timedelta(hours=change.clock)
        item = key | {
            "version": {"N": str(change.version)},
            "order_ts": {"S": f"{change.order_date}T12:00:00.000Z"},
            "updated_ts": {"S": f"{clock:%Y-%m-%dT%H:%M:%S}.{clock.microsecond // 1000:03d}Z"},
            "status": {"S": change.status},
            "country": {"S": "France"},
            "channel": {"S": "WEB"},
            "product_id": {"S": "P"},
            "quantity": {"N": str(change.quantity)},
            "unit_price": {"N": str(Decimal(change.cents) / 100)},
            "currency": {"S": "EUR"},
        }
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(order_id)"}
        if change.kind == "MODIFY":
            condition = {
                "ConditionExpression": "version = :v",
                "ExpressionAttributeValues": {":v": {"N": str(change.version - 1)}},
            }
        dynamodb.put_item(TableName=self._table, Item=item, **condition)

    def _judge(self) -> None:
        result = self._result
        account = self._settled(lambda account: not account.unaccounted)
        result.failed = len(account.failed - account.lake.keys()) + account.nameless
        self._agree(account, "after the faults")
        for _ in range(REDRIVES):
            if not account.failed:
                break
            result.redriven += redrive.redrive(self._stack).redriven
            account = self._settled(lambda account: not account.unaccounted and not account.failed)
        self._agree(account, "after the redrive")
        lost = self._checker.written - account.lake.keys()
        result.lost = len(lost)
        if lost and not self._drops:
            result.wrong.append(f"not in the lake after the redrive: {sorted(lost)[:3]}; {account}")
        if account.strange:
            result.wrong.append(f"never written: {sorted(account.strange)[:3]}")
        result.wrong += account.wrong[:3]
        result.repeated = sum(
            count - 1 for change, count in account.lake.items() if change.order_id.startswith(self.prefix)
        )
        self._each_once()

    def _settled(self, enough: Callable[[Account], bool]) -> Account:
        """The account once it is as it should be, or nothing moves any more."""
        deadline, last, since = time.monotonic() + ARRIVE_SECONDS, "", time.monotonic()
        while True:
            account = self._checker.look()
            if str(account) != last:
                last, since = str(account), time.monotonic()
            still = self._drops and time.monotonic() - since > STILL_SECONDS
            if enough(account) or still or time.monotonic() > deadline:
                return account
            time.sleep(0.4)

    def _agree(self, account: Account, when: str) -> None:
        """Whether `salescast reconcile` says what the checker says."""
        if not self._alone:
            return
        found = reconcile.reconcile(self._stack, settle=1 if account.unaccounted else 0)
        log = found.log
        assert log is not None
        theirs = {
            "reconciled": found.reconciled,
            "missing": log.missing,
            "failed": log.failed,
            "nameless": found.failed_records > 0,
        }
        failed = account.failed - account.lake.keys()
        ours = {
            "reconciled": not account.unaccounted and not account.wrong,
            "missing": len(account.unaccounted),
            "failed": len(failed),
            "nameless": bool(account.failed or account.nameless),
        }
        if ours != theirs:
            self._result.wrong.append(
                f"{when} the checker says {ours} ({account}) and reconcile {theirs}: {found.as_json()}"
            )

    def _each_once(self) -> None:
        """`order_changes` shows each change once, however often it was delivered."""
        sql = "SELECT count(*), count(DISTINCT change_id) FROM order_changes "
        [row] = run(self._stack, f"{sql} WHERE order_id LIKE '{self.prefix}%'").rows
        if row[0] != row[1]:
            self._result.wrong.append(f"order_changes has {row[0]} rows of {row[1]} changes")
