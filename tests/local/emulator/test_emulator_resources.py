"""What the emulator authorises CloudWatch Logs on, how it forgets, and the probes of those gaps.

The probes ask MiniStack's own functions, in its own interpreter: each fails when MiniStack closes its gap.
"""

import json
import subprocess
from typing import Any

from tests.template import ROOT


def in_emulator(script: str) -> Any:
    """What a script that runs in the emulator's environment prints, as JSON."""
    done = subprocess.run(
        [ROOT / ".venv-emulator/bin/python", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


LOGS = """
import json
from ministack.core import iam_actions
{patch}
print(json.dumps(iam_actions.extract_resource_arn(
    "logs", "POST", "/", {{"x-amz-target": "Logs_20140328.{action}"}},
    json.dumps({{"logGroupName": "/g", "logStreamName": "s"}}).encode(), {{}}, "us-east-1", "000000000000")))
"""
PATCH = "from salescast.local.emulator.iam import resources; resources.apply()"
GROUP = "arn:aws:logs:us-east-1:000000000000:log-group:/g"

ALARMS = """
import json
from ministack.core import iam_actions
{patch}
print(json.dumps(iam_actions.extract_resource_arn(
    "monitoring", "POST", "/", {{"x-amz-target": "GraniteServiceVersion20100801.{action}"}},
    json.dumps({{"AlarmNames": ["a"]}}).encode(), {{}}, "us-east-1", "000000000000")))
"""

ATHENA = """
import json
from ministack.core import iam_actions
{patch}
print(json.dumps(iam_actions.extract_resource_arn(
    "athena", "POST", "/", {{"x-amz-target": "AmazonAthena.{action}"}},
    json.dumps({{"CatalogName": "awsdatacatalog", "DatabaseName": "d"}}).encode(),
    {{}}, "us-east-1", "000000000000")))
"""

TEMPLATE = """
import json, logging
import yaml
from ministack.services.cloudformation import engine
{patch}
text = open("template.yaml").read()
loader = engine.CfnLoader
print(json.dumps([issubclass(loader, yaml.cyaml.CParser), repr(engine._parse_template(text))]))
"""

RETENTION = """
import json, time
from ministack.services import kinesis
{patch}
class Counting(list):
    looked = 0
    def __iter__(self):
        Counting.looked = len(self)
        return super().__iter__()
now = time.time()
records = [{{"ApproximateArrivalTimestamp": now - age}} for age in (90_000, 80_000, *[10] * 1000)]
stream = {{"RetentionPeriodHours": 24, "shards": {{"s": {{"records": Counting(records)}}}}}}
kinesis._expire_records(stream)
print(json.dumps([Counting.looked, len(stream["shards"]["s"]["records"])]))
"""

ITERATORS = """
import json, time
from ministack.services import kinesis
{patch}
class Counting(dict):
    looked = 0
    def __getitem__(self, name):
        Counting.looked += 1
        return super().__getitem__(name)
now = time.time()
for number, age in enumerate((900, 400, *[10] * 1000)):
    kinesis._shard_iterators[f"token-{{number}}"] = Counting(created_at=now - age)
kinesis._expire_iterators()
print(json.dumps([Counting.looked, len(kinesis._shard_iterators)]))
"""


def test_log_actions_ask_for_the_group() -> None:
    """Probe: MiniStack asks for the bare group."""
    assert in_emulator(LOGS.format(patch="", action="PutLogEvents")) == GROUP


def test_log_actions_ask_for_the_stream_here() -> None:
    assert in_emulator(LOGS.format(patch=PATCH, action="PutLogEvents")) == f"{GROUP}:log-stream:s"
    assert in_emulator(LOGS.format(patch=PATCH, action="CreateLogStream")) == f"{GROUP}:log-stream:"
    assert in_emulator(LOGS.format(patch=PATCH, action="FilterLogEvents")) == f"{GROUP}:log-stream:"
    assert in_emulator(LOGS.format(patch=PATCH, action="DescribeLogStreams")) == GROUP


def test_alarms_are_asked_for_everything() -> None:
    """Probe: MiniStack has no resource for DescribeAlarms."""
    assert in_emulator(ALARMS.format(patch="", action="DescribeAlarms")) == "*"


def test_alarms_are_asked_for_alarms_here() -> None:
    alarms = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:*"
    assert in_emulator(ALARMS.format(patch=PATCH, action="DescribeAlarms")) == alarms
    assert in_emulator(ALARMS.format(patch=PATCH, action="GetMetricData")) == "*"


def test_athena_asks_for_everything() -> None:
    """Probe: MiniStack has no resource for the calls on databases and tables."""
    assert in_emulator(ATHENA.format(patch="", action="ListTableMetadata")) == "*"


def test_athena_asks_for_the_data_catalog_here() -> None:
    catalog = "arn:aws:athena:us-east-1:000000000000:datacatalog/AwsDataCatalog"
    assert in_emulator(ATHENA.format(patch=PATCH, action="ListTableMetadata")) == catalog
    assert in_emulator(ATHENA.format(patch=PATCH, action="ListWorkGroups")) == "*"


def test_kinesis_looks_at_every_record() -> None:
    """Probe: MiniStack goes through all records to find those that expired."""
    assert in_emulator(RETENTION.format(patch="")) == [1002, 1001]


def test_kinesis_looks_at_every_iterator() -> None:
    """Probe: with each call, MiniStack goes through all iterators to find those that expired."""
    assert in_emulator(ITERATORS.format(patch="")) == [1002, 1000]


def test_kinesis_forgets_from_the_front_here() -> None:
    patch = "from salescast.local.emulator.services import kinesis_retention; kinesis_retention.apply()"
    assert in_emulator(RETENTION.format(patch=patch)) == [0, 1001]
    assert in_emulator(ITERATORS.format(patch=patch)) == [3, 1000]


def test_templates_are_read_by_python_here_by_libyaml() -> None:
    """Probe: MiniStack reads YAML by PyYAML's own parser. Both make the same of it."""
    patch = "from salescast.local.emulator.services import cloudformation; cloudformation.apply()"
    (theirs, slowly), (ours, fast) = (in_emulator(TEMPLATE.format(patch=one)) for one in ("", patch))
    assert (theirs, ours) == (False, True)
    assert slowly == fast
