"""Athena reads with the rights of whoever asks: the caller's, on Glue, S3 and the workgroup."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.local.emulator.athena_lake import DAY, LAKE, Athena, changes, create_table, put, running_lake
from tests.local.emulator.emulator_process import Emulator

ACCOUNT = "000000000000"
GLUE = f"arn:aws:glue:us-east-1:{ACCOUNT}"
WORKGROUP = f"arn:aws:athena:us-east-1:{ACCOUNT}:workgroup/sales"
NEEDED: list[tuple[list[str], list[str]]] = [
    (["athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults"], [WORKGROUP]),
    (
        ["glue:GetDatabase", "glue:GetTable", "glue:GetPartitions"],
        [f"{GLUE}:catalog", f"{GLUE}:database/sales", f"{GLUE}:table/sales/*"],
    ),
    (["s3:ListBucket", "s3:GetBucketLocation"], [f"arn:aws:s3:::{LAKE}"]),
    (["s3:GetObject"], [f"arn:aws:s3:::{LAKE}/curated/*"]),
    (["s3:PutObject"], [f"arn:aws:s3:::{LAKE}/results/*"]),
]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running_lake(tmp_path_factory.mktemp("rights"), [100]) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def as_analyst(emulator: Emulator) -> Callable[[list[dict[str, Any]]], Athena]:
    """Athena as a user who has just the given statements."""
    iam = emulator.client("iam")
    iam.create_user(UserName="analyst")
    key = iam.create_access_key(UserName="analyst")["AccessKey"]

    def act(statements: list[dict[str, Any]]) -> Athena:
        policy = {"Version": "2012-10-17", "Statement": statements}
        iam.put_user_policy(UserName="analyst", PolicyName="p", PolicyDocument=json.dumps(policy))
        return Athena(
            boto3.client(
                "athena",
                endpoint_url=emulator.endpoint,
                region_name="us-east-1",
                aws_access_key_id=key["AccessKeyId"],
                aws_secret_access_key=key["SecretAccessKey"],
            )
        )

    return act


def statements(without: str = "") -> list[dict[str, Any]]:
    return [
        {
            "Effect": "Allow",
            "Action": [a for a in actions if a != without] or ["none:None"],
            "Resource": resources,
        }
        for actions, resources in NEEDED
    ]


def test_analyst_with_the_documented_rights(as_analyst: Callable[[list[dict[str, Any]]], Athena]) -> None:
    athena = as_analyst(statements())
    assert athena(f"SELECT count(*) FROM orders WHERE order_date = '{DAY}'").rows == [["3"]]
    assert athena("SELECT count(*) FROM registered_for_rights").reason.startswith("TABLE_NOT_FOUND")


@pytest.mark.parametrize(
    "action",
    [
        "glue:GetDatabase",
        "glue:GetTable",
        "s3:ListBucket",
        "s3:GetObject",
        "s3:PutObject",
        "s3:GetBucketLocation",
    ],
)
def test_query_fails_without(as_analyst: Callable[[list[dict[str, Any]]], Athena], action: str) -> None:
    result = as_analyst(statements(without=action))(f"SELECT count(*) FROM orders WHERE order_date = '{DAY}'")
    assert result.state == "FAILED"
    assert f"is not authorized to perform: {action} on resource: arn:aws:" in result.reason


def test_view_needs_its_tables_too(as_analyst: Callable[[list[dict[str, Any]]], Athena]) -> None:
    view_only = json.loads(json.dumps(statements()).replace("table/sales/*", "table/sales/orders"))
    result = as_analyst(view_only)("SELECT * FROM orders")
    assert result.reason.endswith(f"glue:GetTable on resource: {GLUE}:table/sales/order_changes")


def test_workgroup_is_the_resource_of_athena_actions(
    as_analyst: Callable[[list[dict[str, Any]]], Athena],
) -> None:
    athena = as_analyst(statements())
    with pytest.raises(ClientError, match="not authorized to perform: athena:StartQueryExecution"):
        athena("SELECT 1", workgroup="tight")


def test_other_prefixes_stay_closed(
    emulator: Emulator, as_analyst: Callable[[list[dict[str, Any]]], Athena]
) -> None:
    create_table(emulator.client("glue"), "raw", {"classification": "parquet"}, f"s3://{LAKE}/raw/", keys=())
    put(emulator.client("s3"), "raw/x.parquet", changes(DAY, 1))
    result = as_analyst(statements())("SELECT * FROM raw")
    assert result.reason.endswith(f"s3:GetObject on resource: arn:aws:s3:::{LAKE}/raw/x.parquet")
