"""Replaying an Online Retail file into a running stack."""

from decimal import Decimal
from pathlib import Path

import pytest

from salescast.replay import replay
from salescast.replay.online_retail import COLUMNS
from salescast.replay.replay import Replay
from salescast.replay.retail_file import survey
from salescast.stack.errors import SalescastError
from salescast.stack.stack import Stack


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join([",".join(COLUMNS), *lines]) + "\n")
    return path


def a_line(invoice: str, quantity: str = "2", price: str = "1.25", date: str = "2011-06-30 20:08:00") -> str:
    return f"{invoice},84406B,HANGER,{quantity},{date},{price},17850.0,United Kingdom"


def run(stack: Stack, path: Path) -> Replay:
    return replay.replay(stack, survey(path))


def item(stack: Stack, order_id: str) -> dict[str, dict[str, str]]:
    found = stack.dynamodb.get_item(TableName=stack.output("OrdersTable"), Key={"order_id": {"S": order_id}})
    return {name: {kind: str(one) for kind, one in value.items()} for name, value in found["Item"].items()}


def test_lines_become_orders_and_duplicates_stay_two(stack: Stack, prefix: str, tmp_path: Path) -> None:
    lines = [a_line(prefix), a_line(prefix), a_line(f"C{prefix}", quantity="-1")]
    result = run(stack, write(tmp_path / "a.csv", *lines))
    assert (result.lines, result.written, result.already, result.unmapped, result.invoices) == (3, 3, 0, 0, 2)
    assert result.amount == Decimal("3.75")
    found = item(stack, f"{prefix}-2")
    assert found["order_ts"] == {"S": "2011-06-30T19:08:00.000Z"}
    assert found["quantity"] == {"N": "2"}
    assert item(stack, f"C{prefix}-1")["quantity"] == {"N": "-1"}


def test_repeated_it_writes_nothing(stack: Stack, prefix: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", *(a_line(prefix) for _ in range(250)))
    assert run(stack, path).written == 250
    again = run(stack, path)
    assert (again.written, again.already) == (0, 250)
    for checkpoint in stack.state.checkpoints.glob("replay-*.json"):
        checkpoint.unlink()
    without_checkpoint = run(stack, path)
    assert (without_checkpoint.written, without_checkpoint.already) == (0, 250)


def test_an_interrupted_run_goes_on(stack: Stack, prefix: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", *(a_line(prefix) for _ in range(1500)))

    def interrupt(done: int) -> None:
        if done >= 400:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay.replay(stack, survey(path), interrupt)
    result = run(stack, path)
    assert result.written + result.already == 1500
    assert 0 < result.written <= 1100
    assert item(stack, f"{prefix}-1500")["version"] == {"N": "1"}


def test_lines_that_are_no_orders_are_told(stack: Stack, prefix: str, tmp_path: Path) -> None:
    lines = [a_line(prefix), a_line(prefix, quantity="0"), a_line(prefix, price="free"), "1,2"]
    result = run(stack, write(tmp_path / "a.csv", *lines))
    assert (result.written, result.unmapped) == (1, 3)
    problems = [(one.line, one.field) for one in result.problems]
    assert problems == [(3, "Quantity"), (4, "UnitPrice"), (5, "line")]


def test_dates_that_the_stack_refuses_are_refused_first(stack: Stack, prefix: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", a_line(prefix), a_line(prefix, date="2009-12-01 07:45:00"))
    with pytest.raises(SalescastError, match=r"up --parameter FirstOrderDate=2009-12-01"):
        run(stack, path)
    path = write(tmp_path / "b.csv", a_line(prefix, date="2199-12-01 07:45:00"))
    with pytest.raises(SalescastError, match="none after"):
        run(stack, path)
