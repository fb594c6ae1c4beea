"""Replaying order files into a running stack."""

import json
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from salescast.cli.main import run as command
from salescast.integrity import reconcile
from salescast.replay import replay
from salescast.replay.replay import Replay
from salescast.replay.survey import AS_FOUND, Options, survey
from salescast.stack import money
from salescast.stack.errors import SalescastError
from salescast.stack.services import athena
from salescast.stack.stack import Stack
from tests.unit.replay.exports import EXPORTS
from tests.unit.replay.files import COLUMNS
from tests.waiting import wait_for


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join([",".join(COLUMNS), *lines]) + "\n")
    return path


def a_line(
    invoice: str,
    quantity: str = "2",
    price: str = "1.25",
    date: str = "2011-06-30 20:08:00",
    product: str = "84406B",
) -> str:
    return f"{invoice},{product},HANGER,{quantity},{date},{price},17850.0,United Kingdom"


def run(stack: Stack, path: Path, options: Options = AS_FOUND) -> Replay:
    """A replay, of which every line is accounted for."""
    result = replay.replay(stack, survey(path, options))
    assert result.lines == result.written + result.already + result.differing + result.unmapped
    assert len(result.problems) == result.differing + result.unmapped
    return result


def item(stack: Stack, order_id: str) -> dict[str, dict[str, str]]:
    found = stack.dynamodb.get_item(TableName=stack.output("OrdersTable"), Key={"order_id": {"S": order_id}})
    return {name: {kind: str(one) for kind, one in value.items()} for name, value in found["Item"].items()}


def test_lines_become_orders_and_duplicates_stay_two(stack: Stack, prefix: str, tmp_path: Path) -> None:
    lines = [a_line(prefix), a_line(prefix), a_line(f"C{prefix}", quantity="-1")]
    result = run(stack, write(tmp_path / "a.csv", *lines))
    assert (result.lines, result.written, result.invoices) == (3, 3, 2)
    assert result.amount == Decimal("3.75")
    second = item(stack, f"{prefix}-84406B-2")
    assert second["order_ts"] == {"S": "2011-06-30T19:08:00.000Z"}
    assert second["quantity"] == {"N": "2"}
    assert item(stack, f"C{prefix}-84406B-1")["quantity"] == {"N": "-1"}


def test_repeated_it_writes_nothing(stack: Stack, prefix: str, tmp_path: Path) -> None:
    lines = [a_line(prefix, quantity=str(n // 2 + 1), product=f"P{n % 40}") for n in range(250)]
    assert run(stack, write(tmp_path / "a.csv", *lines)).written == 250
    again = run(stack, tmp_path / "a.csv")
    assert (again.written, again.already) == (0, 250)
    sorted_otherwise = run(stack, write(tmp_path / "b.csv", *sorted(lines, reverse=True)))
    assert (sorted_otherwise.written, sorted_otherwise.already) == (0, 250)


def test_two_parts_of_an_invoice(stack: Stack, prefix: str, tmp_path: Path) -> None:
    first = [a_line(prefix, product="S1"), a_line(prefix, product="S2", price="5.00")]
    second = [a_line(prefix, product="S3", price="7.00"), a_line(prefix, product="S4", price="9.00")]
    assert run(stack, write(tmp_path / "a.csv", *first)).written == 2
    assert run(stack, write(tmp_path / "b.csv", *second)).written == 2
    whole = run(stack, write(tmp_path / "c.csv", *second, *first, a_line(prefix, product="S5")))
    assert (whole.written, whole.already) == (1, 4)


def test_a_corrected_copy_is_told_and_changes_nothing(
    stack: Stack, prefix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dates = ["01/03/2024 10:00", "05/03/2024 10:00", "12/03/2024 10:00"]
    path = write(tmp_path / "a.csv", *(a_line(f"{prefix}{n}", date=date) for n, date in enumerate(dates)))
    assert run(stack, path).written == 3
    arguments = ["replay", str(path), "--dates", "day-first", "--state", str(stack.state.folder)]
    assert command([*arguments, "--json"]) == 1
    captured = capsys.readouterr()
    answer = json.loads(captured.out)
    assert (answer["written"], answer["already"], answer["differing"]) == (0, 0, 3)
    (problem,) = answer["problems"]
    assert problem["lines"] == [2, 3, 4]
    assert problem["texts"][0] == f"{prefix}0-84406B-1"
    assert "order_ts" in problem["reason"]
    assert item(stack, f"{prefix}0-84406B-1")["order_ts"] == {"S": "2024-01-03T10:00:00.000Z"}
    assert command(arguments) == 1
    assert "3 there with other contents" in capsys.readouterr().out


def test_a_rehearsal_needs_no_stack(prefix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "a.csv", a_line(prefix), a_line(prefix, quantity="0"))
    assert command(["replay", str(path), "--dry-run", "--state", str(tmp_path / "none"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["orders"] == 1
    assert not (tmp_path / "none").exists()


def test_an_interrupted_run_goes_on(stack: Stack, prefix: str, tmp_path: Path) -> None:
    lines = [a_line(prefix, product=f"P{n}") for n in range(1500)]
    path = write(tmp_path / "a.csv", *lines, a_line(prefix, product="P3", quantity="9"))
    before = run(stack, write(tmp_path / "b.csv", a_line(prefix, product="P7", quantity="9")))
    assert before.written == 1

    def interrupt(done: int) -> None:
        if done >= 400:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=r"stopped after line [0-9]+ of a\.csv.*goes on"):
        replay.replay(stack, survey(path), interrupt)
    result = run(stack, path)
    # P3 occurs at the very end again, so nothing after it was settled before.
    assert (result.lines, result.differing) == (1501, 1)
    assert result.written + result.already == 1500
    assert item(stack, f"{prefix}-P1499-1")["version"] == {"N": "1"}
    assert item(stack, f"{prefix}-P3-2")["quantity"] == {"N": "9"}


def test_an_interrupted_run_remembers_what_differed(stack: Stack, prefix: str, tmp_path: Path) -> None:
    assert run(stack, write(tmp_path / "b.csv", a_line(prefix, product="P7", quantity="9"))).written == 1
    path = write(tmp_path / "a.csv", *(a_line(prefix, product=f"P{n}") for n in range(1500)))

    def interrupt(done: int) -> None:
        if done >= 400:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay.replay(stack, survey(path), interrupt)
    result = run(stack, path)
    assert (result.lines, result.differing) == (1500, 1)
    assert 0 < result.written <= 1100
    assert [problem.lines for problem in result.problems] == [[9]]
    assert run(stack, path).differing == 1


def test_control_c_says_how_to_go_on(stack: Stack, prefix: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", *(a_line(prefix, product=f"P{n}") for n in range(10_000)))
    arguments = ["replay", str(path), "--state", str(stack.state.folder)]
    process = subprocess.Popen(
        [Path(sys.executable).with_name("salescast"), *arguments], stderr=subprocess.PIPE, text=True
    )
    table = stack.output("OrdersTable")
    key = {"order_id": {"S": f"{prefix}-P0-1"}}
    wait_for(lambda: "Item" in stack.dynamodb.get_item(TableName=table, Key=key), "the first order")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "the same command goes on from there" in said
    assert "Traceback" not in said


def test_lines_that_are_no_orders_are_told(stack: Stack, prefix: str, tmp_path: Path) -> None:
    lines = [a_line(prefix), a_line(prefix, quantity="0"), a_line(prefix, price="free"), "1,2"]
    result = run(stack, write(tmp_path / "a.csv", *lines))
    assert (result.written, result.unmapped) == (1, 3)
    problems = [(problem.lines, problem.column) for problem in result.problems]
    assert problems == [([3], "Quantity"), ([4], "UnitPrice"), ([5], "line")]


def test_every_profile_arrives_in_the_lake_to_the_cent(stack: Stack, prefix: str, tmp_path: Path) -> None:
    lines = 0
    for name, (content, amount) in EXPORTS.items():
        (tmp_path / name).write_text(content)
        result = run(stack, tmp_path / name, Options(constants={"category": f"{prefix}{name}"}))
        assert result.written == result.lines > 1
        assert money.shortest(result.amount) == amount
        lines += result.lines
    sql = (
        "SELECT category, CAST(sum(amount) AS varchar) AS amount, count(*) AS orders FROM orders "
        f"WHERE category LIKE '{prefix}%' GROUP BY category"
    )

    def arrived() -> list[list[Any]]:
        rows: list[list[Any]] = [list(row) for row in athena.run(stack, sql).rows]
        return rows if sum(row[2] for row in rows) == lines else []

    rows = wait_for(arrived, f"{lines} orders in the lake")
    amounts = {category.removeprefix(prefix): Decimal(amount) for category, amount, _ in rows}
    assert amounts == {name: Decimal(amount) for name, (_, amount) in EXPORTS.items()}
    # The ids are those of the files, and no other test's.
    ids = ("501-TEA-1", "20107-2-1", "#1001-FERN-1-1", "489434-85048-1", "A-1-TEA-1")
    assert not [
        example for example in reconcile.reconcile(stack).examples if any(one in example for one in ids)
    ]


def test_dates_that_the_stack_refuses_are_refused_first(stack: Stack, prefix: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", a_line(prefix), a_line(prefix, date="2009-12-01 07:45:00"))
    with pytest.raises(SalescastError, match=r"up --parameter FirstOrderDate=2009-12-01"):
        run(stack, path)
    path = write(tmp_path / "b.csv", a_line(prefix, date="2199-12-01 07:45:00"))
    with pytest.raises(SalescastError, match="none after"):
        run(stack, path)
