"""Everything that README.md and the pages name exists, and the test would tell if it did not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import typer.main

from salescast.cli.main import app
from tests.docs.names import faults
from tests.docs.page import Command, Page
from tests.template import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "events" / "README.md"]
HERE = Path("docs/made-up.md")
# A paragraph each, and what is to be said of it.
WRONG = [
    ("    salescast brew tea", "no command brew"),
    ("    make demo && .venv/bin/salescast status --colour", "--colour"),
    ("Call `salescast frobnicate` first.", "no command frobnicate"),
    ("```console\n$ salescast query sales_by_moon\nno output\n```", "no named query sales_by_moon"),
    ("    salescast query top_products -p planet=Mars", "query top_products has no parameter planet"),
    ('    salescast query "SELECT colour FROM orders"', "colour"),
    ('    salescast query "SELECT 1 FROM orders_of_mars"', "orders_of_mars"),
    ("```sql\nSELECT order_id, weight FROM order_changes\n```", "weight"),
    ("    salescast up --parameter FirstOrder=2026-01-01", "no parameter FirstOrder"),
    ("`make tea`", "no target tea"),
    ("`make demo SUGAR=2`", "does not look at SUGAR"),
    ("    sam brew", "sam has no command brew"),
    ("    sam build && sam deploy --sweet", "sam deploy has no option --sweet"),
    ("    sam deploy --config-env tea", "samconfig.toml has no tea"),
    ("    sam deploy --parameter-overrides Sugar=2", "no parameter Sugar"),
    ("    sam deploy --parameter-overrides Architecture=sparc", "Architecture cannot be sparc"),
    ("    sam local invoke TeaFunction", "no function TeaFunction"),
    (
        "    sam local invoke GeneratorFunction -e events/generator/tea.json",
        "no event events/generator/tea.json",
    ),
    ("    aws teapot describe-tea", "no service teapot"),
    ("    aws kinesis pour-tea", "aws kinesis has no operation pour-tea"),
    ("    aws kinesis describe-stream --stream-name S --sugar 2", "has no option --sugar"),
    ("    aws kinesis split-shard --stream-name S", "needs --new-starting-hash-key"),
    ("    aws logs filter-log-events --log-group-name /aws/lambda/tea", "no log group /aws/lambda/tea"),
    ("    aws dynamodb scan --table-name T --select TEA", "--select is one of"),
    (
        "    aws cloudformation describe-stacks --query \"Stacks[0].Outputs[?OutputKey=='Tea']\"",
        "no output Tea",
    ),
    ('    aws sqs purge-queue --queue-url "$(aws kinesis pour-tea)"', "no operation pour-tea"),
    ("It is in the outputs `Lake` and\n`TeaPot`, or in the output `Teacup`.", "output Teacup"),
    ("The parameter `SugarPieces` sweetens it.", "parameter SugarPieces"),
    ("Deploy with `DeliveryInterval=3`.", "DeliveryInterval cannot be 3"),
    ("`TeaIsColdAlarm` is raised.", "no such alarm"),
    ("Ask the query `tea_by_hour`.", "query tea_by_hour"),
    ("Send the event `events/generator/tea.json`.", "event events/generator/tea.json"),
    ("See the view `tea_orders`.", "view tea_orders"),
    ("The `teaspoons` column counts.", "column teaspoons"),
    ("`tea_temperature` is measured.", "nothing is named tea_temperature"),
    ("`BrewTea` is called.", "nothing is named BrewTea"),
    ("Say `--sugar`.", "--sugar"),
    ("Look into `src/teapot/pour.py`.", "no such file"),
    ("They lie under `errors/tea-failed/`.", "no such file or prefix"),
    ("`tests/unit/cli/test_main.py::test_tea`", "no such test"),
    ("See [tea](tea.md).", "link tea.md"),
    ("See [tea](costs.md#tea) and [costs](costs.md).", "link costs.md#tea"),
    ("See [below](#tea).\n\n## Coffee", "link #tea"),
    ("![screen](images/tea.png)", "link images/tea.png"),
]
RIGHT = """
# A page: `orders`, and more

Begin with `salescast status`; [above](#a-page-orders-and-more), the parameter `DeliveryInterval`, the view
`orders`.

    .venv/bin/salescast query "SELECT country, sum(net_revenue) AS revenue FROM orders GROUP BY country"
    PYTHON_RUNTIME=python3.14 sam build && sam deploy --guided  # asks
    aws s3api list-objects-v2 --bucket "$(aws cloudformation describe-stacks --stack-name salescast \\
      --query "Stacks[0].Outputs[?OutputKey=='Lake'].OutputValue" --output text)" --prefix errors/

```console
$ salescast redrive
>   --dry-run
make up your mind
```
"""


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_page_names_exists(path: Path) -> None:
    assert list(faults(Page.read(path))) == []


@pytest.mark.parametrize(("paragraph", "expected"), WRONG, ids=[expected for _, expected in WRONG])
def test_what_does_not_exist_is_told(paragraph: str, expected: str) -> None:
    told = list(faults(Page(HERE, f"# A page\n\n{paragraph}\n")))
    assert 1 <= len(told) <= 3, told
    assert any(expected in line for line in told), told


def test_a_whole_page_is_told_wrong_for_wrong() -> None:
    told = "\n".join(faults(Page(HERE, "# A page\n\n" + "\n\n".join(one for one, _ in WRONG) + "\n")))
    assert [expected for _, expected in WRONG if expected not in told] == []


def test_a_right_page_is_taken_apart_and_found_right() -> None:
    page = Page(HERE, RIGHT)
    assert list(faults(page)) == []
    aws, salescast = Counter({"aws": 2}), Counter({"salescast": 3})
    assert Counter(command.program for command in page.commands) == aws + salescast + Counter({"sam": 2})
    assert Command("sam", ("deploy", "--guided"), True) in page.commands
    assert page.anchors == {"a-page-orders-and-more"}


def test_every_command_of_ours_is_shown_somewhere() -> None:
    shown = {
        one.arguments[0] for path in PAGES for one in Page.read(path).commands if one.program == "salescast"
    }
    group: Any = typer.main.get_command(app)
    assert set(group.commands) - shown == set()
