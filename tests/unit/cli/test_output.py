"""Each answer as text and as JSON: one says what the other has."""

import json
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from salescast.cli.json_output import JsonOutput
from salescast.cli.output import Output
from salescast.cli.text_output import CsvOutput, TextOutput
from salescast.cost.bill import bill
from salescast.cost.usage import Usage
from salescast.functions.generate import Generated
from salescast.integrity.health import OK, WARNING, Stage
from salescast.integrity.redrive import Redrive
from salescast.replay.problems import Problem, Problems
from salescast.replay.replay import Rehearsal, Replay
from salescast.stack.destroy import Destroyed
from salescast.stack.services.athena import Column, NamedQuery, Result
from salescast.stack.state import State

LONG = "5 of 15 raised: " + ", ".join(f"Number{index}Alarm" for index in range(5))
STAGES = [
    Stage("orders table", OK, "ACTIVE"),
    Stage("dead-letter queue", WARNING, "1 message(s)"),
    Stage("alarms", WARNING, LONG),
]


def printed(stages: list[Stage], *, terminal: bool) -> list[str]:
    file = StringIO()
    console = Console(file=file, width=60, force_terminal=terminal, color_system=None, highlight=False)
    TextOutput(out=console).stages(stages)
    return file.getvalue().splitlines()


def test_a_terminal_gets_columns_and_no_line_is_wider() -> None:
    lines = printed(STAGES, terminal=True)
    assert max(map(len, lines)) <= 60
    assert lines[0] == "ok       orders table       ACTIVE"
    assert lines[1] == "warning  dead-letter queue  1 message(s)"
    start = lines[0].index("ACTIVE")
    details = [line for line in lines[2:] if line.startswith((" " * start, "warning  alarms"))]
    assert len(details) > 1
    assert " ".join(line[start:] for line in details) == LONG


def test_a_pipe_gets_a_line_for_each_stage_and_one_for_all() -> None:
    lines = printed(STAGES, terminal=False)
    assert len(lines) == len(STAGES) + 1
    assert lines[2].endswith(LONG)
    assert lines[3].startswith("2 of 3 to look at: dead-letter queue, alarms. Next: salescast reconcile")


RESULT = Result([Column("name", "varchar"), Column("sum", "decimal(20,7)")], [["[b]", Decimal("1E-7")]], 5, 7)
QUERY = NamedQuery("top", "The most sold.", "SELECT ?", {"days": "28"}, ("days",))
GENERATED = Generated(inserted=1234, changed=2, removed=3, repeated=4, invocations=5, seconds=1.5)
PROBLEMS = Problems()
PROBLEMS.add(3, "Price", "is [no] number", "[x]")
REPLAY = Replay(lines=3, written=2, unmapped=1, invoices=1, problems=PROBLEMS)
DIFFERING = Replay(lines=4, already=1, differing=3, blank=2, invoices=1)
REHEARSAL = Rehearsal(
    lines=2, orders=1, unmapped=1, amount=Decimal("2.50"), first_date="2024-03-05", last_date="2024-03-06",
    notes=("it is [text]",), problems=PROBLEMS, examples=[{"order_id": "[7]-1"}],
)  # fmt: skip
REDRIVE = Redrive(found=3, redriven=1, left=Counter({"no [change]": 2}), places=["shard [1]"])
# What is answered, how it begins as text, and what its JSON has among others.
ANSWERS: dict[str, tuple[Callable[[Output], None], str, Any]] = {
    "down": (lambda output: output.down(State(Path("x")), ["pipe"]), "ended pipe\n", {"ended": ["pipe"]}),
    "nothing down": (lambda output: output.down(State(Path("x")), []), "no stack ran in x\n", {"ended": []}),
    "destroyed": (
        lambda output: output.destroyed(Destroyed("shop", 1234, ["Table [x]"])),
        "deleted the stack shop, 1,234 object version(s) of its lake\nretained: Table ",
        {"stack": "shop", "objects": 1234, "retained": ["Table [x]"]},
    ),
    "bills": (
        lambda output: output.bills([bill(Usage(1e6)), bill(Usage(1e6), "naive")]),
        "1,000,000 changes of 1,700 bytes a month: ",
        {"usage": vars(Usage(1e6))},
    ),
    "generated": (
        lambda output: output.generated(GENERATED),
        "1,234 orders inserted, 2 changes, 3 removed, 4 found already done, in 1.5 s\n",
        {"inserted": 1234, "absent": 0, "invocations": 5, "seconds": 1.5},
    ),
    "replayed": (
        lambda output: output.replayed(REPLAY),
        "3 lines of 1 invoices: 2 orders written, 0 there already, 1 no orders; 0.0 s\n",
        {"lines": 3, "written": 2, "unmapped": 1, "amount": "0"},
    ),
    "replayed over others": (
        lambda output: output.replayed(DIFFERING),
        "4 lines of 1 invoices: 0 orders written, 1 there already, 3 there with other contents, 0 no orders, "
        "2 blank; 0.0 s\n",
        {"already": 1, "differing": 3, "blank": 2},
    ),
    "redriven": (
        lambda output: output.redriven(REDRIVE),
        "3 failed change(s) found, 1 delivered again, 2 left; "
        "0 error object(s) and 0 dead letter(s) settled\n"
        "  2 left: no [change]\n  lost: shard [1]\n",
        {"found": 3, "left": 2, "reasons": {"no [change]": 2}, "places": ["shard [1]"]},
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_as_text_and_as_json(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    answer, text, content = ANSWERS[name]
    answer(TextOutput())
    assert capsys.readouterr().out.startswith(text)
    answer(JsonOutput())
    captured = capsys.readouterr()
    assert json.loads(captured.out).items() >= content.items()
    assert captured.err == ""


def test_a_result_is_exact_in_each_format(capsys: pytest.CaptureFixture[str]) -> None:
    TextOutput().result(RESULT)
    table = capsys.readouterr()
    assert ["[b]", "0.0000001"] in [line.split() for line in table.out.splitlines()]
    assert table.err.startswith("1 row(s), 5 bytes scanned, 7 ms; Athena bills ")
    CsvOutput().result(RESULT)
    csv = capsys.readouterr()
    assert csv.out == "name,sum\n[b],0.0000001\n"
    assert csv.err == table.err
    JsonOutput().result(RESULT)
    captured = capsys.readouterr()
    assert json.loads(captured.out)["rows"] == [["[b]", "0.0000001"]]
    assert captured.err == ""


def test_a_rehearsal_as_text_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    TextOutput().rehearsed(REHEARSAL)
    captured = capsys.readouterr()
    assert ["order_id", "[7]-1"] in [line.split() for line in captured.out.splitlines()]
    assert captured.out.endswith(
        "2 lines: 1 orders from 2024-03-05 to 2024-03-06, 2.50 in all, 1 no orders; nothing was written\n"
    )
    assert captured.err == "• it is [text]\nPrice is [no] number: line 3 ([x])\n"
    JsonOutput().rehearsed(REHEARSAL)
    content = json.loads(capsys.readouterr().out)
    assert (content["amount"], content["examples"]) == ("2.5", [{"order_id": "[7]-1"}])
    assert content["problems"] == [
        {"column": "Price", "reason": "is [no] number", "count": 1, "lines": [3], "texts": ["[x]"]}
    ]


def test_queries_with_their_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    TextOutput().queries([QUERY])
    assert ["top", "The", "most", "sold.", "days=28"] in [
        line.split() for line in capsys.readouterr().out.splitlines()
    ]
    JsonOutput().queries([QUERY])
    assert json.loads(capsys.readouterr().out) == [
        {"name": "top", "description": "The most sold.", "parameters": {"days": "28"}}
    ]


@pytest.mark.parametrize("output", [TextOutput, JsonOutput])
def test_steps_and_problems_are_on_stderr(output: type[Output], capsys: pytest.CaptureFixture[str]) -> None:
    output().step("starting [x]")
    problems = Problems()
    problems.add(3, "Price", "is [no] number", "[x]")
    for line in range(4, 16):
        problems.add(line, "line", "has 2 fields")
    output().problems(problems)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "• starting [x]\n"
        "Price is [no] number: line 3 ([x])\n"
        "line has 2 fields: 12 lines: 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 and 2 more\n"
    )


def test_bars_are_for_readers_of_text(capsys: pytest.CaptureFixture[str]) -> None:
    for output in (TextOutput(), JsonOutput()):
        with output.progress() as bars:
            counter = bars.counter("orders")
            counter.expect(8)
            counter.show(4)
            counter.show(5, 10)
        captured = capsys.readouterr()
        assert captured.out == ""
        assert ("orders" in captured.err and "5/10" in captured.err) == isinstance(output, TextOutput)


def test_the_environment_is_lines_for_a_shell(capsys: pytest.CaptureFixture[str]) -> None:
    variables = {"AWS_REGION": "us-east-1", "AWS_SECRET_ACCESS_KEY": "-a b[c]"}
    TextOutput().environment(variables)
    assert capsys.readouterr().out.splitlines() == [
        "export AWS_REGION=us-east-1",
        "export AWS_SECRET_ACCESS_KEY='-a b[c]'",
        "unset AWS_PROFILE AWS_SESSION_TOKEN",
    ]
    JsonOutput().environment(variables)
    assert json.loads(capsys.readouterr().out) == variables


HOSTILE = "a\x1b]0;title\x07\x1b[2J\x9b31m\r\x00\u202eb"
SHOWN = r"a\x1b]0;title\x07\x1b[2J\x9b31m\r\x00\u202eb"


@pytest.mark.parametrize("terminal", [True, False])
def test_data_does_not_steer_the_terminal(terminal: bool) -> None:
    file = StringIO()
    console = Console(file=file, width=200, force_terminal=terminal, color_system=None, highlight=False)
    output = TextOutput(console, console)
    output.result(Result([Column(HOSTILE, "varchar")], [[HOSTILE]], 1, 1))
    output.redriven(Redrive(places=[HOSTILE], left=Counter({HOSTILE: 1})))
    output.problems([Problem("Price", HOSTILE, 1, [1])])
    output.error(HOSTILE)
    printed = file.getvalue()
    # Rich leaves out what rings or returns.
    assert printed.count(SHOWN.replace(r"\x07", "").replace(r"\r", "")) == 6
    assert not set(printed) & set("\x1b\x07\x9b\r\x00\u202e")


def test_json_is_exact_and_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    JsonOutput().environment({"A": HOSTILE})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"A": HOSTILE}
    assert not set(printed) & set("\x1b\x07\x9b\r\x00\u202e")


def test_csv_to_a_terminal_does_not_steer_it_and_is_exact_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = Result([Column("a", "varchar")], [[HOSTILE]], 1, 1)
    CsvOutput().result(result)
    assert HOSTILE in capsys.readouterr().out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    CsvOutput().result(result)
    assert SHOWN in capsys.readouterr().out
