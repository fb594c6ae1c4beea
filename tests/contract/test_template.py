"""template.yaml: one schema in one place, least privilege, and an order of creation in which no change slips
by.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from salescast.stack.services import athena
from tests.template import ROOT, columns, iceberg, resources, table, tables, template, view
from tools import analytics, render
from tools.analytics import Column

VIEWS = analytics.views()
QUERIES = analytics.queries()
TABLES = ["order_arrivals", "order_log", "order_state", "inventory", "sales_projections"]
ICEBERG = ["order_log", "order_state"]


def all_columns(name: str) -> dict[str, str]:
    """Column -> Hive type, the partition keys among them."""
    return columns(name) | {key["Name"]: key["Type"] for key in table(name)["PartitionKeys"]}


def hive_type(expression: exp.Expr, source: dict[str, str]) -> str:
    """What a view's column computes, told by the few forms that the views use."""
    match expression:
        case exp.Column():
            return source[expression.name]
        case exp.Min() | exp.Max():
            return source[expression.this.name]
        case exp.Count():
            return "bigint"
        case exp.EQ():
            return "boolean"
        case exp.Cast():
            return expression.to.sql("athena").lower().replace(", ", ",")
    raise AssertionError(f"cast it: {expression.sql('athena')}")


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Policy name -> statement, over every role and managed policy."""
    for name, role in resources("AWS::IAM::Role").items():
        for policy in role["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                yield f"{name}.{policy['PolicyName']}", statement
    for name, policy in resources("AWS::IAM::ManagedPolicy").items():
        for statement in policy["PolicyDocument"]["Statement"]:
            yield name, statement


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_declares_what_it_computes(name: str) -> None:
    described = view(name)
    select = sqlglot.parse_one(described["originalSql"], read="athena")
    assert isinstance(select, exp.Select)
    hive = columns(name)
    assert select.named_selects == list(hive) == [column["name"] for column in described["columns"]]
    assert [column["type"] for column in described["columns"]] == [
        Column(column, kind).presto_type for column, kind in hive.items()
    ]
    steps = {step.alias for step in select.find_all(exp.CTE)}
    sources = {found.name for found in select.find_all(exp.Table)} - steps
    ids = {described["Name"]: resource for resource, described in tables().items()}
    assert {ids[name] for name in sources} == set(VIEWS[name].depends_on)
    source = {column: kind for name in sorted(sources) for column, kind in all_columns(name).items()}
    for projection in select.selects:
        # What a view of several steps computes is left to Trino (make test-trino); its columns are compared.
        if not steps or (isinstance(projection, exp.Column) and projection.name in source):
            computed = hive_type(projection.unalias(), source)
            assert hive[projection.alias_or_name] == computed, projection.alias_or_name
    assert described["schema"] == "salescast"
    assert table(name)["Description"] == table(name)["Parameters"]["comment"] == "Presto View"
    assert described["runAsInvoker"] is True
    assert described["catalog"] == "awsdatacatalog"


def test_the_template_has_what_analytics_declares() -> None:
    """`make render` writes it; nothing else of the kind stands in the template."""
    text = (ROOT / "template.yaml").read_text()
    assert render.rendered(text, VIEWS, QUERIES) == text, "run make render"
    assert list(resources("AWS::Athena::NamedQuery")) == [query.resource for query in QUERIES.values()]
    views = [described["Name"] for described in tables().values() if described["TableType"] == "VIRTUAL_VIEW"]
    assert views == list(VIEWS)


@pytest.mark.parametrize("name", ICEBERG)
def test_an_iceberg_table_has_the_columns_of_the_arrivals(name: str) -> None:
    """`order_arrivals` is the one schema; the job refuses tables that differ from it."""
    declared = iceberg(name)
    fields = declared["Schema"]["Fields"]
    assert {field["Name"]: field["Type"] for field in fields} == columns("order_arrivals")
    assert [field["Id"] for field in fields] == list(range(1, len(fields) + 1)), "an id is never used again"
    assert not any(field["Required"] for field in fields)
    by_id = {field["Id"]: field["Name"] for field in fields}
    (partition,) = declared["PartitionSpec"]["Fields"]
    assert (by_id[partition["SourceId"]], partition["Transform"]) == ("order_date", "truncate[7]")
    assert [by_id[field["SourceId"]] for field in declared["WriteOrder"]["Fields"]] == [
        "order_date",
        "order_id",
    ]
    modes = {f"write.{kind}.mode": "copy-on-write" for kind in ("merge", "update", "delete")}
    assert modes.items() <= declared["Properties"].items()
    assert declared["Location"] == {"Fn::Sub": f"s3://${{Lake}}/curated/{name}"}
    assert "TableInput" not in resources("AWS::Glue::Table")[f"Order{name[6:].title()}Table"]


def test_the_log_is_windowed_by_day_too() -> None:
    select = sqlglot.parse_one(view("order_changes")["originalSql"], read="athena")
    window = select.find(exp.Window)
    assert window
    assert [column.sql() for column in window.args["partition_by"]] == ["order_date", "change_id"]


def test_the_current_state_is_windowed_by_partition() -> None:
    """Without order_date in PARTITION BY, a filter on it would not reach the files."""
    select = sqlglot.parse_one(view("orders")["originalSql"], read="athena")
    window = select.find(exp.Window)
    assert window
    assert [column.sql() for column in window.args["partition_by"]] == ["order_date", "order_id"]
    order = [
        (ordered.this.sql(), bool(ordered.args.get("desc"))) for ordered in window.args["order"].expressions
    ]
    assert order == [("version", True), ("sequence_number", True), ("processed_ts", True)]


@pytest.mark.parametrize("name", QUERIES)
def test_a_named_query_computes_the_columns_it_declares(name: str) -> None:
    query = QUERIES[name]
    parsed = sqlglot.parse_one(query.statement, read="athena")
    assert isinstance(parsed, exp.Query)
    assert parsed.named_selects == [column.name for column in query.columns]
    source = {column for table_or_view in (*TABLES, *VIEWS) for column in all_columns(table_or_view)}
    aliases = {alias.alias for alias in parsed.find_all(exp.Alias)}
    aliases |= {column.name for alias in parsed.find_all(exp.TableAlias) for column in alias.columns}
    steps = {step.alias for step in parsed.find_all(exp.CTE)}
    assert {column.name for column in parsed.find_all(exp.Column)} <= source | aliases
    assert {found.name for found in parsed.find_all(exp.Table)} <= {*TABLES, *VIEWS} | steps
    assert query.question.endswith("?")
    assert len(query.places) == len(list(parsed.find_all(exp.Placeholder)))


def test_the_stack_reads_the_parameters_that_are_declared() -> None:
    for properties in resources("AWS::Athena::NamedQuery").values():
        query, named = QUERIES[properties["Name"]], athena._named(properties)
        assert (named.description, named.statement) == (query.question, query.statement)
        assert (named.defaults, named.places) == (query.defaults, query.places)


@pytest.mark.parametrize("name", [*QUERIES, *VIEWS])
def test_a_quotient_is_rounded_once(name: str) -> None:
    """CAST(CAST(a AS decimal(38,12)) / b AS decimal(12,2)), see tools/analytics.py; doubles stay so."""
    declared = QUERIES.get(name) or VIEWS[name]
    parsed = sqlglot.parse_one(declared.statement, read="athena")
    exact = [column.name for column in declared.columns if column.type != "double"]
    for select in parsed.find_all(exp.Select):
        for division in select.find_all(exp.Div):
            projection = division.find_ancestor(exp.Alias)
            if select is parsed and projection and projection.alias not in exact:
                continue
            assert isinstance(division.this, exp.Cast), division.sql()
            assert division.this.to.sql("athena") == "DECIMAL(38, 12)", division.sql()
            assert isinstance(division.parent, exp.Cast), division.sql()
            assert division.parent.parent is projection, division.sql()


def test_no_wildcard_action_and_no_unnamed_resource() -> None:
    for name, statement in statements():
        for action in as_list(statement["Action"]):
            assert "*" not in action, name
        if "*" in as_list(statement["Resource"]):
            # Segments, metrics and lists are no resources.
            without = {
                *("dynamodb:ListStreams", "athena:ListEngineVersions"),
                *("athena:ListWorkGroups", "athena:ListDataCatalogs"),
                *("xray:PutTraceSegments", "xray:PutTelemetryRecords"),
                *("cloudwatch:GetMetricData", "cloudwatch:PutMetricData"),
            }
            assert set(as_list(statement["Action"])) <= without, name


@pytest.mark.parametrize("role", resources("AWS::IAM::Role"))
def test_a_service_may_take_a_role_only_for_this_account_and_its_resource(role: str) -> None:
    (trust,) = resources("AWS::IAM::Role")[role]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Action"] == "sts:AssumeRole"
    keys = {key: value for condition in trust["Condition"].values() for key, value in condition.items()}
    assert set(keys) == {"aws:SourceAccount", "aws:SourceArn"}
    assert keys["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}
    assert keys["aws:SourceArn"]["Fn::Sub"].endswith(":*") is False


def test_personal_data_is_out_of_the_analysts_reach() -> None:
    for name, statement in statements():
        if name == "AnalystPolicy":
            text = json.dumps(statement["Resource"])
            assert "raw/" not in text
            assert "errors/" not in text
            if "s3:GetObject" in as_list(statement["Action"]):
                assert "Lake.Arn}/*" not in text


def test_who_watches_reads_no_data_and_changes_nothing() -> None:
    actions = {
        action
        for name, statement in statements()
        if name == "MonitorPolicy"
        for action in as_list(statement["Action"])
    }
    verbs = ("Describe", "List", "Get", "Filter")
    assert [action for action in actions if not action.split(":")[1].startswith(verbs)] == []
    assert (
        actions & {"s3:GetObject", "dynamodb:GetItem", "kinesis:GetRecords", "athena:GetQueryResults"}
        == set()
    )


def test_nothing_is_written_that_nobody_reads() -> None:
    """Firehose exists before the Pipe, the Pipe before the schedule."""
    declared = template()["Resources"]
    assert declared["OrdersPipe"]["DependsOn"] == "ArrivalsDeliveryStream"
    assert declared["GeneratorTick"]["DependsOn"] == "OrdersPipe"
    pipe = declared["OrdersPipe"]["Properties"]["SourceParameters"]["DynamoDBStreamParameters"]
    assert pipe["StartingPosition"] == "TRIM_HORIZON"
    assert pipe["BatchSize"] <= 500
    assert pipe["MaximumRetryAttempts"] == {"Ref": "PipeRetryAttempts"}
    assert template()["Parameters"]["PipeRetryAttempts"]["Default"] == -1, "age is the bound"
    assert 60 <= pipe["MaximumRecordAgeInSeconds"] < 86_400


def test_what_a_schedule_cannot_start_is_kept_and_counted_for_this_stack_alone() -> None:
    schedules = resources("AWS::Scheduler::Schedule")
    assert len(schedules) == 4
    for schedule in schedules.values():
        assert schedule["GroupName"] == {"Ref": "Schedules"}
        assert schedule["Target"]["DeadLetterConfig"] == {
            "Arn": {"Fn::GetAtt": "ScheduleDeadLetterQueue.Arn"}
        }


def test_the_crawler_makes_no_index_that_its_role_may_not_make() -> None:
    (crawler,) = resources("AWS::Glue::Crawler").values()
    assert json.loads(crawler["Configuration"])["CreatePartitionIndex"] is False


def test_a_dashboard_is_named_for_its_region() -> None:
    """Dashboards belong to the account: two stacks of one name in two regions would share one."""
    (dashboard,) = resources("AWS::CloudWatch::Dashboard").values()
    assert dashboard["DashboardName"] == {"Fn::Sub": "${AWS::StackName}-${AWS::Region}"}


def test_a_provisioned_stream_has_one_shard() -> None:
    (stream,) = resources("AWS::Kinesis::Stream").values()
    assert stream["StreamModeDetails"] == {"StreamMode": {"Ref": "StreamMode"}}
    assert stream["ShardCount"]["Fn::If"] == ["StreamIsProvisioned", 1, {"Ref": "AWS::NoValue"}]


def test_limits_of_firehose() -> None:
    destination = template()["Resources"]["ArrivalsDeliveryStream"]["Properties"][
        "ExtendedS3DestinationConfiguration"
    ]
    assert destination["ProcessingConfiguration"]["Enabled"] is True
    assert destination["BufferingHints"]["SizeInMBs"] >= 64
    assert template()["Parameters"]["DeliveryInterval"]["Default"] == 60
    (processor,) = destination["ProcessingConfiguration"]["Processors"]
    parameters = {item["ParameterName"]: item["ParameterValue"] for item in processor["Parameters"]}
    assert 0.2 <= float(parameters["BufferSizeInMBs"]) <= 3
    assert 0 < int(parameters["BufferIntervalInSeconds"]) <= 10
    # A new account runs ten functions at once, fewer than Firehose calls.
    assert int(parameters["NumberOfRetries"]) == 10
    assert "!{firehose:error-output-type}" in destination["ErrorOutputPrefix"]
    assert destination["CompressionFormat"] == "UNCOMPRESSED"


def test_the_transformer_accepts_orders_from_the_first_date_on() -> None:
    variables = template()["Resources"]["TransformerFunction"]["Properties"]["Environment"]["Variables"]
    assert variables["FIRST_ORDER_DATE"] == {"Ref": "FirstOrderDate"}


def test_projections_are_found_where_they_are_written() -> None:
    import publish

    parameters = table("sales_projections")["Parameters"]
    assert parameters["projection.run_date.range"] == {"Fn::Sub": "${FirstOrderDate},NOW"}
    template_of_location = parameters["storage.location.template"]["Fn::Sub"]
    assert template_of_location == f"s3://${{Lake}}/{publish.PREFIX}/run_date=${{!run_date}}/"
    assert tuple(columns("sales_projections")) == publish.COLUMNS


def test_a_late_tick_is_refused_by_schedule_and_function_alike() -> None:
    declared = template()["Resources"]
    retry = declared["GeneratorTick"]["Properties"]["Target"]["RetryPolicy"]
    generator = declared["GeneratorFunction"]["Properties"]
    assert (
        str(retry["MaximumEventAgeInSeconds"])
        == generator["Environment"]["Variables"]["MAX_EVENT_AGE_SECONDS"]
    )
    assert generator["EventInvokeConfig"]["MaximumEventAgeInSeconds"] == retry["MaximumEventAgeInSeconds"]


def test_sam_build_defaults_are_the_templates() -> None:
    makefile = (ROOT / "src" / "build.mk").read_text()
    defaults = dict(re.findall(r"^(\w+) \?= (\S+)$", makefile, re.MULTILINE))
    parameters = template()["Parameters"]
    assert defaults["PYTHON_RUNTIME"] == parameters["PythonRuntime"]["Default"]
    assert defaults["ARCHITECTURE"] == parameters["Architecture"]["Default"]


def test_make_deploy_builds_with_the_projects_own_python() -> None:
    """python3 of Debian and Ubuntu has no pip. The path may have a space in it."""
    recipe = (ROOT / "Makefile").read_text().split("\ndeploy:")[1].split("\n.PHONY")[0]
    assert "@PYTHON='$(CURDIR)/$(BIN)/python' $(BIN)/sam build\n" in recipe
    assert '\t"$(PYTHON)" -m pip install' in (ROOT / "src" / "build.mk").read_text()


def test_parameters_are_explained_and_constrained() -> None:
    grouped = {
        name
        for group in template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        for name in group["Parameters"]
    }
    assert grouped == set(template()["Parameters"])
    for name, parameter in template()["Parameters"].items():
        assert parameter["Description"].endswith("."), name
        assert {"AllowedValues", "AllowedPattern", "MinValue"} & set(parameter), name


def test_stack_outputs() -> None:
    fixed = {
        *("OrdersTable", "InventoryTable", "OrderStream", "DeliveryStream", "Lake", "Database", "Workgroup"),
        *(
            "GeneratorFunction",
            "TransformerFunction",
            "SnapshotFunction",
            "ProjectorFunction",
            "DeadLetterQueue",
        ),
        *("LakeJob", "Crawler", "AnalystPolicy", "MonitorPolicy", "AlarmTopic", "Dashboard"),
    }
    assert fixed <= set(template()["Outputs"])


def test_the_data_dictionary_is_the_schema() -> None:
    """docs/data-dictionary.md has a table for every Glue table: column, type, meaning, as declared."""
    text = (ROOT / "docs" / "data-dictionary.md").read_text()
    for described in tables().values():
        name = described["Name"]
        if name in ICEBERG:
            assert f"## {name}\n" in text
            continue  # its columns are those of order_arrivals
        _, _, section = text.partition(f"## {name}\n")
        section = section.split("\n## ")[0]
        documented = re.findall(r"^\| `(\w+)` \| (\S+) \| (.+) \|$", section, re.MULTILINE)
        declared = [
            (column["Name"], column["Type"], column["Comment"])
            for column in [
                *described["StorageDescriptor"]["Columns"],
                *described.get("PartitionKeys", []),
            ]
        ]
        assert documented == declared, name


def test_every_query_has_its_place_in_the_docs() -> None:
    """docs/queries.md lists every query and its question, and nothing else; `make docs-queries` writes it."""
    text = (ROOT / "docs" / "queries.md").read_text()
    listed = dict(re.findall(r"^\| \[(\w+)\]\(#\1\) \| (.+) \|$", text, re.MULTILINE))
    questions = {name: query.question for name, query in QUERIES.items()}
    assert listed == questions
    assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == sorted(questions)
    for name, question in questions.items():
        section = text.split(f"\n## {name}\n")[1].split("\n## ")[0]
        assert section.strip().startswith(question)
        assert "\n|---|" in section or "No rows." in section
