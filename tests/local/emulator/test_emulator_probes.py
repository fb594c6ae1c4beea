"""One probe per gap of MiniStack that the emulator closes, on MiniStack as it comes.

A probe fails when MiniStack closes the gap itself: then what closes it here can go; see
docs/local-differences.md.
"""

import http.client
import io
import json
import os
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from salescast.laptop.emulator_process import free_port
from tests.local.emulator.emulator_process import Emulator
from tests.template import ROOT
from tests.waiting import wait_for

ACCOUNT = "000000000000"
FUNCTION = """
import os
def handler(event, context):
    if "raise" in (event or {}):
        raise ValueError(event["raise"])
    return dict(os.environ, process=os.getpid(), file=os.path.realpath(__file__))
"""


@pytest.fixture(scope="module")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder, port = tmp_path_factory.mktemp("ministack"), free_port()
    environment = {
        "PATH": os.defpath,
        "TMPDIR": str(folder),
        "STATE_DIR": str(folder / "state"),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "AUTH": "true",
        "LOG_LEVEL": "WARNING",
        "IOT_MTLS_ENABLED": "0",
    }
    log = folder / "log"
    with log.open("wb") as output:
        command = [str(ROOT / ".venv-emulator/bin/python"), "-m", "ministack"]
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT, cwd=folder
        )
    emulator = Emulator(process, port, log, "any")
    try:
        emulator.wait("/_ministack/health")
        emulator.client("s3").create_bucket(Bucket="lake")
        emulator.client("kinesis").create_stream(
            StreamName="stream", StreamModeDetails={"StreamMode": "ON_DEMAND"}
        )
        yield emulator
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def role(ministack: Emulator) -> str:
    services = [
        "lambda.amazonaws.com",
        "firehose.amazonaws.com",
        "pipes.amazonaws.com",
        "scheduler.amazonaws.com",
    ]
    statement = {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    created = ministack.client("iam").create_role(RoleName="probe", AssumeRolePolicyDocument=policy)
    return str(created["Role"]["Arn"])


@pytest.fixture(scope="module", autouse=True)
def scheduled(ministack: Emulator, role: str) -> str:
    """A queue that a schedule sends to; made with the module, since MiniStack looks every ten seconds."""
    queue = ministack.client("sqs").create_queue(QueueName="probe")["QueueUrl"]
    ministack.client("scheduler").create_schedule(
        Name="probe",
        ScheduleExpression="at(2026-01-01T00:00:00)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:probe",
            "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/nobody",
            "Input": '"<aws.scheduler.scheduled-time>"',
        },
    )
    return str(queue)


def query(ministack: Emulator, sql: str, **more: Any) -> dict[str, Any]:
    client = ministack.client("athena")
    started = client.start_query_execution(
        QueryString=sql, ResultConfiguration={"OutputLocation": "s3://lake/results/"}, **more
    )

    def ended() -> Any:
        execution = client.get_query_execution(QueryExecutionId=started["QueryExecutionId"])["QueryExecution"]
        return execution["Status"]["State"] not in ("QUEUED", "RUNNING") and execution

    result: dict[str, Any] = wait_for(ended, f"the end of {sql}")
    return result


def function(ministack: Emulator, role: str) -> str:
    client = ministack.client("lambda")
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("main.py", FUNCTION)
    try:
        created = client.create_function(
            FunctionName="probe",
            Runtime="python3.13",
            Handler="main.handler",
            Role=role,
            Code={"ZipFile": package.getvalue()},
        )
    except client.exceptions.ResourceConflictException:
        created = client.get_function(FunctionName="probe")["Configuration"]
    return str(created["FunctionArn"])


def test_named_queries_are_unknown_to_cloudformation(ministack: Emulator) -> None:
    resource = {"Type": "AWS::Athena::NamedQuery", "Properties": {"Database": "d", "QueryString": "SELECT 1"}}
    with pytest.raises(ClientError, match="Unrecognized resource types"):
        ministack.client("cloudformation").create_stack(
            StackName="probe", TemplateBody=json.dumps({"Resources": {"Query": resource}})
        )


def test_pipes_forget_their_parameters(ministack: Emulator, role: str) -> None:
    client = ministack.client("pipes")
    stream = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/stream"
    table = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t/stream/2026-01-01T00:00:00.000"
    target = {"KinesisStreamParameters": {"PartitionKey": "k"}}
    client.create_pipe(Name="probe", RoleArn=role, Source=table, Target=stream, TargetParameters=target)
    assert "TargetParameters" not in client.describe_pipe(Name="probe")


def test_a_split_shard_is_deleted_with_its_records(ministack: Emulator) -> None:
    kinesis = ministack.client("kinesis")
    kinesis.create_stream(StreamName="split", ShardCount=1)
    kinesis.put_record(StreamName="split", Data=b"unread", PartitionKey="k")
    [parent] = kinesis.list_shards(StreamName="split")["Shards"]
    middle = str(2**127)
    kinesis.split_shard(StreamName="split", ShardToSplit=parent["ShardId"], NewStartingHashKey=middle)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        kinesis.get_shard_iterator(
            StreamName="split", ShardId=parent["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )


def test_firehose_delivers_record_by_record_and_does_not_tell_its_backup(
    ministack: Emulator, role: str
) -> None:
    backup = {"RoleARN": role, "BucketARN": "arn:aws:s3:::lake", "Prefix": "raw/"}
    ministack.client("firehose").create_delivery_stream(
        DeliveryStreamName="probe",
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={
            "KinesisStreamARN": f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/stream",
            "RoleARN": role,
        },
        ExtendedS3DestinationConfiguration={
            "RoleARN": role,
            "BucketARN": "arn:aws:s3:::lake",
            "Prefix": "delivered/",
            "S3BackupMode": "Enabled",
            "S3BackupConfiguration": backup,
        },
    )
    described = ministack.client("firehose").describe_delivery_stream(DeliveryStreamName="probe")
    destination = described["DeliveryStreamDescription"]["Destinations"][0][
        "ExtendedS3DestinationDescription"
    ]
    assert "S3BackupDescription" not in destination
    records = [{"Data": b"x", "PartitionKey": "k"}] * 3
    ministack.client("kinesis").put_records(StreamName="stream", Records=records)
    assert ministack.client("s3").list_objects_v2(Bucket="lake", Prefix="delivered/")["KeyCount"] == 3


def test_a_stream_that_reads_from_kinesis_takes_records(ministack: Emulator, role: str) -> None:
    firehose = ministack.client("firehose")
    firehose.create_delivery_stream(
        DeliveryStreamName="takes",
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={
            "KinesisStreamARN": f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/stream",
            "RoleARN": role,
        },
        ExtendedS3DestinationConfiguration={"RoleARN": role, "BucketARN": "arn:aws:s3:::lake"},
    )
    assert firehose.put_record(DeliveryStreamName="takes", Record={"Data": b"x"})["RecordId"]


def test_root_may_assume_what_trusts_only_services(ministack: Emulator, role: str) -> None:
    assert ministack.client("sts").assume_role(RoleArn=role, RoleSessionName="probe")["Credentials"]


def test_functions_inherit_the_environment(ministack: Emulator, role: str) -> None:
    name = function(ministack, role)
    seen = json.load(ministack.client("lambda").invoke(FunctionName=name)["Payload"])
    assert {"AUTH", "LOG_LEVEL", "STATE_DIR", "BIND_HOST"} <= set(seen)


def test_silent_functions_are_waited_for(ministack: Emulator, role: str) -> None:
    client, name = ministack.client("lambda"), function(ministack, role)
    client.invoke(FunctionName=name)["Payload"].read()
    began = time.perf_counter()
    for _ in range(5):
        client.invoke(FunctionName=name)["Payload"].read()
    assert (time.perf_counter() - began) / 5 > 0.05


def test_the_error_of_a_function_has_no_type(ministack: Emulator, role: str) -> None:
    client, name = ministack.client("lambda"), function(ministack, role)
    answer = client.invoke(FunctionName=name, Payload=json.dumps({"raise": "it"}))
    assert json.load(answer["Payload"]) == {"errorMessage": "it", "errorType": "Runtime.HandlerError"}


def test_an_error_ends_the_environment(ministack: Emulator, role: str) -> None:
    client, name = ministack.client("lambda"), function(ministack, role)
    before = json.load(client.invoke(FunctionName=name)["Payload"])["process"]
    client.invoke(FunctionName=name, Payload=json.dumps({"raise": "it"}))["Payload"].read()
    assert json.load(client.invoke(FunctionName=name)["Payload"])["process"] != before


def test_every_environment_unpacks_the_package(ministack: Emulator, role: str) -> None:
    client, name = ministack.client("lambda"), function(ministack, role)
    file = Path(json.load(client.invoke(FunctionName=name)["Payload"])["file"])
    assert file.parent.parent.name.startswith("ministack-lambda-")


@pytest.mark.parametrize(
    "sql",
    ["SELECT date_add('day', 1, current_date)", "SELECT element_at(ARRAY[1], 1)", "SHOW TABLES IN sales"],
)
def test_athena_speaks_duckdb(ministack: Emulator, sql: str) -> None:
    assert query(ministack, sql)["Status"]["State"] == "FAILED"


def test_athena_ignores_parameters_settings_and_rounds_nothing_exactly(ministack: Emulator) -> None:
    assert query(ministack, "SELECT ?", ExecutionParameters=["1"])["Status"]["State"] == "FAILED"
    client = ministack.client("athena")
    enforced = {
        "EnforceWorkGroupConfiguration": True,
        "ResultConfiguration": {"OutputLocation": "s3://lake/enforced/"},
    }
    client.create_work_group(Name="probe", Configuration=enforced)
    assert (
        "enforced"
        not in query(ministack, "SELECT 1", WorkGroup="probe")["ResultConfiguration"]["OutputLocation"]
    )
    divided = query(ministack, "SELECT CAST(2 AS decimal(20,4)) / 3")["QueryExecutionId"]
    row = client.get_query_results(QueryExecutionId=divided)["ResultSet"]["Rows"][1]
    assert row["Data"][0]["VarCharValue"] != "0.6667"


def test_athena_reads_for_whoever_may_ask_and_knows_no_projection(ministack: Emulator) -> None:
    glue, s3, iam = ministack.client("glue"), ministack.client("s3"), ministack.client("iam")
    glue.create_database(DatabaseInput={"Name": "sales"})
    table = {
        "Name": "t",
        "PartitionKeys": [{"Name": "day", "Type": "string"}],
        "Parameters": {
            "classification": "csv",
            "projection.enabled": "true",
            "projection.day.type": "date",
            "projection.day.format": "yyyy-MM-dd",
            "projection.day.range": "2026-01-01,NOW",
        },
        "StorageDescriptor": {"Columns": [{"Name": "x", "Type": "int"}], "Location": "s3://lake/t/"},
    }
    glue.create_table(DatabaseName="sales", TableInput=table)
    s3.put_object(Bucket="lake", Key="t/day=1999-01-01/x.csv", Body=b"7\n")
    iam.create_user(UserName="probe")
    policy = {"Effect": "Allow", "Action": "athena:*", "Resource": "*"}
    iam.put_user_policy(
        UserName="probe",
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [policy]}),
    )
    key = iam.create_access_key(UserName="probe")["AccessKey"]
    athena = ministack.client("athena", key["AccessKeyId"], key["SecretAccessKey"])
    started = athena.start_query_execution(
        QueryString="SELECT x FROM sales.t", ResultConfiguration={"OutputLocation": "s3://lake/results/"}
    )["QueryExecutionId"]
    time.sleep(1)
    rows = athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
    assert rows[1]["Data"][0]["VarCharValue"] == "7"


def user(ministack: Emulator, name: str, allowed: dict[str, Any]) -> tuple[str, str]:
    """The key of a new user who may do what one statement allows."""
    iam = ministack.client("iam")
    iam.create_user(UserName=name)
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **allowed}]}
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def test_athena_rights_on_a_query_id_are_asked_for_everything(ministack: Emulator) -> None:
    workgroup = f"arn:aws:athena:us-east-1:{ACCOUNT}:workgroup/primary"
    key = user(ministack, "analyst", {"Action": "athena:*", "Resource": workgroup})
    query_id = query(ministack, "SELECT 1")["QueryExecutionId"]
    with pytest.raises(ClientError, match="not authorized to perform: athena:GetQueryExecution"):
        ministack.client("athena", *key).get_query_execution(QueryExecutionId=query_id)


def test_metrics_come_without_their_namespace(ministack: Emulator) -> None:
    condition = {"StringEquals": {"cloudwatch:namespace": "Salescast"}}
    allowed = {"Action": "cloudwatch:PutMetricData", "Resource": "*", "Condition": condition}
    key = user(ministack, "measurer", allowed)
    with pytest.raises(ClientError, match="not authorized to perform: cloudwatch:PutMetricData"):
        ministack.client("cloudwatch", *key).put_metric_data(
            Namespace="Salescast", MetricData=[{"MetricName": "Rows", "Value": 1}]
        )


def test_schedules_fire_without_a_role_and_with_placeholders_as_they_stand(
    ministack: Emulator, scheduled: str
) -> None:
    received = ministack.client("sqs").receive_message(QueueUrl=scheduled, WaitTimeSeconds=20)["Messages"]
    assert received[0]["Body"] == '"<aws.scheduler.scheduled-time>"'


ICEBERG = {
    "IcebergInput": {
        "MetadataOperation": "CREATE",
        "Version": "2",
        "CreateIcebergTableInput": {
            "Location": "s3://lake/iceberg",
            "Schema": {"Fields": [{"Id": 1, "Name": "x", "Type": "int", "Required": False}]},
        },
    }
}


def test_an_iceberg_table_is_made_without_metadata(ministack: Emulator) -> None:
    glue = ministack.client("glue")
    glue.create_database(DatabaseInput={"Name": "icebergs"})
    glue.create_table(DatabaseName="icebergs", TableInput={"Name": "declared"}, OpenTableFormatInput=ICEBERG)
    table = glue.get_table(DatabaseName="icebergs", Name="declared")["Table"]
    assert "metadata_location" not in table.get("Parameters", {})


def test_athena_reads_every_file_of_an_iceberg_table(ministack: Emulator) -> None:
    """Metadata that names no file changes nothing."""
    glue, s3 = ministack.client("glue"), ministack.client("s3")
    glue.create_database(DatabaseInput={"Name": "floating"})
    table = {
        "Name": "berg",
        "Parameters": {
            "classification": "csv",
            "table_type": "ICEBERG",
            "metadata_location": "s3://lake/berg/metadata/0.metadata.json",
        },
        "StorageDescriptor": {"Columns": [{"Name": "x", "Type": "int"}], "Location": "s3://lake/berg/data/"},
    }
    glue.create_table(DatabaseName="floating", TableInput=table)
    s3.put_object(Bucket="lake", Key="berg/metadata/0.metadata.json", Body=b'{"snapshots": []}')
    s3.put_object(Bucket="lake", Key="berg/data/x.csv", Body=b"7\n")
    found = query(ministack, "SELECT x FROM floating.berg")["QueryExecutionId"]
    rows = ministack.client("athena").get_query_results(QueryExecutionId=found)["ResultSet"]["Rows"]
    assert rows[1]["Data"][0]["VarCharValue"] == "7"


def test_a_job_run_succeeds_without_running(ministack: Emulator) -> None:
    glue = ministack.client("glue")
    role = f"arn:aws:iam::{ACCOUNT}:role/none"
    command = {"Name": "glueetl", "ScriptLocation": "s3://lake/no-such-script"}
    glue.create_job(Name="idle", Role=role, Command=command)
    run_id = glue.start_job_run(JobName="idle")["JobRunId"]

    def succeeded() -> bool:
        state: str = glue.get_job_run(JobName="idle", RunId=run_id)["JobRun"]["JobRunState"]
        return state == "SUCCEEDED"

    wait_for(succeeded, "a success of nothing")


def test_anybody_is_root(ministack: Emulator) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", ministack.port)
    page = {"Origin": "https://example.com", "Host": f"rebound.example:{ministack.port}"}
    forged = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=test/20260101/us-east-1/iam/aws4_request"
    query = f"Action=CreateUser&UserName=anybody&Version=2010-05-08&{forged}"
    connection.request("GET", f"/?{query}", headers=page)
    response = connection.getresponse()
    assert (response.status, response.getheader("Access-Control-Allow-Origin")) == (200, "*")
    response.read()
    connection.request("GET", "/_ministack/health")
    assert connection.getresponse().status == 200
    connection.close()
    assert "anybody" in [user["UserName"] for user in ministack.client("iam").list_users()["Users"]]


def finished(ministack: Emulator, name: str, template: dict[str, Any]) -> str:
    """How the creation of a stack ends."""
    client = ministack.client("cloudformation")
    client.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": template}))

    def status() -> str:
        return str(client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])

    wait_for(lambda: "PROGRESS" not in status(), "the end of the creation")
    return status()


def test_a_full_bucket_is_deleted(ministack: Emulator) -> None:
    client, s3 = ministack.client("cloudformation"), ministack.client("s3")
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "full"}}
    assert finished(ministack, "full", {"Bucket": bucket}) == "CREATE_COMPLETE"
    s3.put_object(Bucket="full", Key="x", Body=b"x")
    client.delete_stack(StackName="full")
    wait_for(lambda: "full" not in [one["Name"] for one in s3.list_buckets()["Buckets"]], "its deletion")


def test_an_alarm_on_metric_math_is_refused(ministack: Emulator) -> None:
    metric = {"Namespace": "n", "MetricName": "m"}
    alarm = {
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "Metrics": [
            {"Id": "e", "Expression": "m * 2"},
            {"Id": "m", "ReturnData": False, "MetricStat": {"Metric": metric, "Stat": "Sum", "Period": 60}},
        ],
    }
    alarms = {"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm}}
    assert finished(ministack, "math", alarms) == "ROLLBACK_COMPLETE"
