"""Probes of gaps that show in MiniStack's own functions or on MiniStack as it comes, and that none lacks one.

A probe fails when MiniStack closes its gap; see docs/local-differences.md.
"""

import json
import re
import subprocess
import time

import pytest

from tests.local.emulator.emulator_process import Emulator
from tests.local.emulator.test_emulator_probes import ministack
from tests.local.emulator.test_emulator_resources import in_emulator
from tests.template import ROOT
from tests.waiting import wait_for

__all__ = ["ministack"]  # the fixture

DOCUMENT = ROOT / "docs/local-differences.md"
LOCAL = ROOT / "salescast/local"

PARSED = """
import json
from ministack.services import dynamodb
{patch}
looked = []
original = dynamodb._COND_TOKEN_RE
class Pattern:
    def finditer(self, text):
        looked.append(text)
        return original.finditer(text)
dynamodb._COND_TOKEN_RE = Pattern()
for _ in range(3):
    dynamodb._evaluate_condition("attribute_not_exists(id)", {{}}, {{}}, {{}})
print(json.dumps(len(looked)))
"""

COPIED = """
import copy, json
from ministack.services import dynamodb
{patch}
looked = []
copy.deepcopy, original = lambda value: looked.append(value) or original(value), copy.deepcopy
item = {{"id": {{"S": "a"}}, "lines": {{"L": [{{"M": {{"n": {{"N": "1"}}}}}}]}}}}
other = dynamodb.copy.deepcopy(item)
other["lines"]["L"][0]["M"]["n"] = {{"N": "2"}}  # as an update does it
print(json.dumps([len(looked), item["lines"]["L"][0]["M"]["n"]["N"], other["id"]["S"]]))
"""

POLICY = """
import json
from ministack.core import iam_evaluator
{patch}
looked = []
original = json.loads
json.loads = lambda text: looked.append(text) or original(text)
document = '{{"Statement": [{{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}}]}}'
parsed = [iam_evaluator.parse_policy_document(document) for _ in range(3)]
json.loads = original
print(json.dumps([len(looked), [statements[0].effect for statements in parsed]]))
"""

EXPIRED = """
import json, time
sleep = time.sleep
time.sleep = lambda seconds: sleep(min(seconds, 0.05))  # the reaper looks once a minute
from ministack.services import dynamodb
def call(name, **data):
    status, _, body = getattr(dynamodb, name)({"TableName": "probe", **data})
    assert status == 200, body
    return json.loads(body)
call("_create_table", BillingMode="PAY_PER_REQUEST",
     KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
     AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
     StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
call("_update_ttl", TimeToLiveSpecification={"AttributeName": "expires", "Enabled": True})
call("_put_item", Item={"id": {"S": "expires"}, "expires": {"N": "1"}})
call("_put_item", Item={"id": {"S": "deleted"}})
call("_delete_item", Key={"id": {"S": "deleted"}})
for _ in range(250):
    if not call("_scan")["Items"]:
        break
    sleep(0.02)
left = call("_scan")["Items"]
records = [(record["eventName"], record["dynamodb"]["Keys"]["id"]["S"])
           for record in dynamodb._live_stream_records("probe")]
print(json.dumps([left, records]))
"""

RESOURCE = """
import json
from ministack.core import iam_actions
{patch}
print(json.dumps(iam_actions.extract_resource_arn(
    "{service}", "POST", "/", {{"x-amz-target": "{target}"}}, json.dumps({request}).encode(), {{}},
    "us-east-1", "000000000000")))
"""
CHANGES = "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/2026-01-01T00:00:00.000"


PATCH = "from salescast.local.emulator.iam import resources; resources.apply()"


def resource(service: str, target: str, request: dict[str, object], patch: str = "") -> str:
    """What MiniStack evaluates a request against."""
    script = RESOURCE.format(service=service, target=target, request=request, patch=patch)
    return str(in_emulator(script))


def test_conditions_are_parsed_each_time() -> None:
    assert in_emulator(PARSED.format(patch="")) == 3


def test_conditions_are_parsed_once_here() -> None:
    patch = "from salescast.local.emulator.services import dynamodb_expressions; dynamodb_expressions.apply()"
    assert in_emulator(PARSED.format(patch=patch)) == 1


def test_items_are_copied_as_any_object() -> None:
    assert in_emulator(COPIED.format(patch="")) == [1, "1", "a"]


def test_items_are_copied_as_json_here() -> None:
    patch = "from salescast.local.emulator.services import dynamodb_items; dynamodb_items.apply()"
    assert in_emulator(COPIED.format(patch=patch)) == [0, "1", "a"]


def test_policies_are_parsed_each_time() -> None:
    assert in_emulator(POLICY.format(patch="")) == [3, ["Deny"] * 3]


def test_policies_are_parsed_once_here() -> None:
    patch = "from salescast.local.emulator.iam import policies; policies.apply()"
    assert in_emulator(POLICY.format(patch=patch)) == [1, ["Deny"] * 3]


def test_an_item_that_expires_leaves_no_record() -> None:
    """On AWS its REMOVE has a userIdentity of dynamodb.amazonaws.com."""
    assert in_emulator(EXPIRED) == [[], [["INSERT", "expires"], ["INSERT", "deleted"], ["REMOVE", "deleted"]]]


def test_streams_are_asked_for_everything() -> None:
    target = "DynamoDBStreams_20120810.DescribeStream"
    assert resource("dynamodbstreams", target, {"StreamArn": CHANGES}) == "*"
    assert resource("dynamodbstreams", target, {"StreamArn": CHANGES}, PATCH) == CHANGES


GLUE = "arn:aws:glue:us-east-1:000000000000"


@pytest.mark.parametrize(
    ("action", "request_", "there", "here"),
    [
        ("GetTable", {"DatabaseName": "d", "Name": "t"}, "database/d", "table/d/t"),
        ("GetPartitions", {"DatabaseName": "d", "TableName": "t"}, "database/d", "table/d/t"),
        ("UpdateTable", {"DatabaseName": "d", "TableInput": {"Name": "t"}}, "database/d", "table/d/t"),
        ("GetTables", {"DatabaseName": "d"}, "database/d", "database/d"),
        ("GetDatabase", {"Name": "d"}, "table/d", "database/d"),
        ("StartCrawler", {"Name": "c"}, "table/c", "crawler/c"),
    ],
)
def test_glue_asks_for_the_database_only(
    action: str, request_: dict[str, object], there: str, here: str
) -> None:
    assert resource("glue", f"AWSGlue.{action}", request_) == f"{GLUE}:{there}"
    assert resource("glue", f"AWSGlue.{action}", request_, PATCH) == f"{GLUE}:{here}"


@pytest.fixture(scope="module", autouse=True)
def crawl(ministack: Emulator) -> None:
    """A crawl that begins with the module, since MiniStack's takes five seconds."""
    glue, s3 = ministack.client("glue"), ministack.client("s3")
    s3.create_bucket(Bucket="crawled")
    s3.put_object(Bucket="crawled", Key="t/day=2026-01-01/x.csv", Body=b"a,b\n1,2\n")
    glue.create_database(DatabaseInput={"Name": "crawled"})
    trust = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = ministack.client("iam").create_role(
        RoleName="crawls", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]})
    )
    glue.create_crawler(
        Name="probe",
        Role=role["Role"]["Arn"],
        DatabaseName="crawled",
        Targets={"S3Targets": [{"Path": "s3://crawled/t/"}]},
    )
    glue.start_crawler(Name="probe")


def test_a_stack_takes_its_bucket_with_what_is_in_it(ministack: Emulator) -> None:
    """On AWS the deletion of the stack fails."""
    client, s3 = ministack.client("cloudformation"), ministack.client("s3")
    resources = {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "full"}}}
    client.create_stack(StackName="full", TemplateBody=json.dumps({"Resources": resources}))
    client.get_waiter("stack_create_complete").wait(StackName="full", WaiterConfig={"Delay": 1})
    s3.put_object(Bucket="full", Key="x", Body=b"")
    client.delete_stack(StackName="full")
    client.get_waiter("stack_delete_complete").wait(StackName="full", WaiterConfig={"Delay": 1})
    assert "full" not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


def test_a_metric_in_a_log_is_no_metric(ministack: Emulator) -> None:
    """CloudWatch makes metrics of log events in the embedded metric format."""
    logs = ministack.client("logs")
    logs.create_log_group(logGroupName="/probe")
    logs.create_log_stream(logGroupName="/probe", logStreamName="s")
    now = time.time_ns() // 1_000_000
    directive = {"Namespace": "Probe", "Dimensions": [[]], "Metrics": [{"Name": "Seen", "Unit": "Count"}]}
    message = json.dumps({"_aws": {"Timestamp": now, "CloudWatchMetrics": [directive]}, "Seen": 1})
    logs.put_log_events(
        logGroupName="/probe", logStreamName="s", logEvents=[{"timestamp": now, "message": message}]
    )
    assert ministack.client("cloudwatch").list_metrics(Namespace="Probe")["Metrics"] == []


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading of docs/local-differences.md."""
    section = DOCUMENT.read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    # A | inside backticks would be no border; there is none.
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


def defined() -> set[str]:
    lines = subprocess.run(
        ["grep", "-rhoE", "^def test_\\w+", "tests", "--include=*.py"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {line.removeprefix("def ") for line in lines.stdout.splitlines()}


def test_a_crawler_finds_nothing(ministack: Emulator) -> None:
    glue = ministack.client("glue")
    wait_for(lambda: glue.get_crawler(Name="probe")["Crawler"]["State"] == "READY", "the crawl")
    assert glue.get_crawler(Name="probe")["Crawler"]["LastCrawl"]["Status"] == "SUCCEEDED"
    assert glue.get_tables(DatabaseName="crawled")["TableList"] == []


def test_every_gap_of_the_emulator_has_a_probe_that_exists() -> None:
    table, tests = rows("Emulator"), defined()
    assert len(table) > 15
    for row in table:
        named = re.findall(r"`(test_\w+)`", row[-1])
        assert named, f"no probe test for: {row[0]}"
        assert set(named) <= tests, row[-1]


def test_every_stand_in_has_tests_that_exist_and_a_probe() -> None:
    table, tests, files = rows("Data movers"), defined(), {path.name for path in ROOT.glob("tests/**/*.py")}
    previous: list[str] = []
    for row in table:
        named = re.findall(r"`([\w/]+\.py)`", row[-1]) if row[-1] != "same" else previous
        assert named, row[0]
        assert {name.rpartition("/")[2] for name in named} <= files, row[-1]
        assert set(re.findall(r"`(test_\w+)`", row[-1])) <= tests, row[-1]
        previous = named
    for module in ("movers/pipe/service.py", "movers/firehose/service.py", "movers/crawler/service.py"):
        (row,) = [row for row in table if row[0].startswith(f"`{module}`")]
        assert re.search(r"probe `test_\w+`", row[-1]), f"no probe for {module}"


PATCHES = """
import json
from salescast.local.emulator import server
print(json.dumps([module.__name__ for module in server.patches()]))
"""


def test_every_patch_of_the_emulator_is_in_the_table() -> None:
    modules = in_emulator(PATCHES)
    assert len(modules) > 10
    named = {path for row in [*rows("Emulator"), *rows("Data movers")] for path in _paths(row)}
    files = {module.removeprefix("salescast.local.").replace(".", "/") + ".py" for module in modules}
    assert sorted(files - named) == []
    assert sorted(path for path in named if not (LOCAL / path).is_file()) == []


def _paths(row: list[str]) -> list[str]:
    """The modules of salescast/local that a row names."""
    return re.findall(r"`((?:emulator|movers)/[\w/]+\.py)`", " ".join(row))
