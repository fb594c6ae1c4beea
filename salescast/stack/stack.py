"""One deployed stack, on the laptop or on AWS: its session, clients, outputs and parameters."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
)

from salescast.stack.errors import SalescastError
from salescast.stack.loopback import require_loopback
from salescast.stack.session import ROOT_KEY, root_session
from salescast.stack.state import State

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_firehose import FirehoseClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_pipes import EventBridgePipesClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_sqs import SQSClient

# What botocore raises where there is no way to the service.
NO_WAY = (ConnectionClosedError, ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError)
LAPTOP_STACK = "salescast"
LAPTOP_REGION = "us-east-1"
LAPTOP_ACCOUNT = "000000000000"
CONNECT_SECONDS = 5
NO_PROXY = "127.0.0.1,localhost,::1"

# For child processes: nothing of the user's AWS configuration may reach a laptop stack, nor the other way
# round.
NO_AWS_CONFIGURATION = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def laptop_environment(
    environment: dict[str, str], endpoint: str | None = None, secret: str = ""
) -> dict[str, str]:
    """`environment` without AWS_*, with root's key and, if given, a laptop stack's endpoint and secret."""
    clean = {name: value for name, value in environment.items() if not name.startswith("AWS_")}
    clean |= NO_AWS_CONFIGURATION
    clean |= {
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": secret or "none",
        "AWS_REGION": LAPTOP_REGION,
        "AWS_DEFAULT_REGION": LAPTOP_REGION,
    }
    if endpoint:
        clean["AWS_ENDPOINT_URL"] = require_loopback(endpoint)
        clean["NO_PROXY"] = clean["no_proxy"] = NO_PROXY
    return clean


@dataclass
class Stack:
    """A deployed stack. `endpoint` is None on AWS; `fast` divides Firehose's interval on the laptop."""

    name: str
    region: str
    state: State
    session: boto3.Session
    endpoint: str | None = None
    fast: float = 1.0
    attempts: int = 6  # of each call to AWS

    @classmethod
    def laptop(cls, folder: Path) -> "Stack":
        """The laptop stack of a state folder: its clients look at none of the user's AWS configuration.

        Raises SalescastError, naming `salescast up`, when no stack runs there.
        """
        state = State(folder)
        record = state.read()
        if record is None:
            raise SalescastError(f"no stack runs in {folder}; start one with `salescast up`")
        emulator = record.processes.get("emulator")
        if emulator is None or not emulator.alive:
            raise SalescastError(
                f"the emulator of the stack in {folder} has died, so the stack is lost; "
                f"start a new one with `salescast up` (its log: {state.logs}/emulator.log)"
            )
        endpoint = require_loopback(record.endpoint)
        session = root_session(record.secret, record.region)
        return cls(record.stack, record.region, state, session, endpoint, record.fast)

    @classmethod
    def aws(cls, name: str, folder: Path, attempts: int = 6) -> "Stack":
        """The stack `name` on AWS, with the AWS CLI's credentials. `folder` keeps checkpoints.

        With few `attempts` for each call a network that is not there is noticed soon.
        """
        try:
            # Other SDKs and the AWS CLI read AWS_REGION; boto3 reads AWS_DEFAULT_REGION only.
            session = boto3.Session(region_name=os.environ.get("AWS_REGION"))
        except BotoCoreError as error:
            raise SalescastError(f"{error}; choose a profile with AWS_PROFILE") from error
        if not session.region_name:
            raise SalescastError("no AWS region is set; set AWS_REGION or choose a profile that has one")
        if session.get_credentials() is None:
            raise SalescastError("no AWS credentials found; run `aws configure`, or set AWS_PROFILE")
        return cls(name, session.region_name, State(folder), session, attempts=attempts)

    @property
    def variables(self) -> dict[str, str]:
        """A laptop stack's address, key and region, as AWS clients read them from their environment."""
        credentials = self.session.get_credentials()
        if self.endpoint is None or credentials is None:
            raise SalescastError("only the stack on this machine has an address and a key of its own")
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }

    def reach(self) -> None:
        """Raises SalescastError when AWS cannot be reached or has no such stack; a refusal is an answer."""
        try:
            self.description  # noqa: B018
        except ClientError as error:
            if "AccessDenied" not in error.response["Error"]["Code"]:
                raise

    @property
    def is_laptop(self) -> bool:
        return self.endpoint is not None

    @cached_property
    def config(self) -> Config:
        if self.is_laptop:
            # No proxy between us and this machine; the emulator serves one request at a time, so wait for it.
            return Config(
                proxies={}, read_timeout=900, max_pool_connections=16, retries={"total_max_attempts": 3}
            )
        return Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=900,
            max_pool_connections=16,
            retries={"mode": "standard", "total_max_attempts": self.attempts},
        )

    @property
    def _options(self) -> dict[str, Any]:
        return {"endpoint_url": self.endpoint, "config": self.config}

    @cached_property
    def athena(self) -> "AthenaClient":
        return self.session.client("athena", **self._options)

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        return self.session.client("cloudformation", **self._options)

    @cached_property
    def cloudwatch(self) -> "CloudWatchClient":
        return self.session.client("cloudwatch", **self._options)

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        return self.session.client("dynamodb", **self._options)

    @cached_property
    def dynamodbstreams(self) -> "DynamoDBStreamsClient":
        return self.session.client("dynamodbstreams", **self._options)

    @cached_property
    def firehose(self) -> "FirehoseClient":
        return self.session.client("firehose", **self._options)

    @cached_property
    def glue(self) -> "GlueClient":
        return self.session.client("glue", **self._options)

    @cached_property
    def kinesis(self) -> "KinesisClient":
        return self.session.client("kinesis", **self._options)

    @cached_property
    def functions(self) -> "LambdaClient":
        return self.session.client("lambda", **self._options)

    @cached_property
    def invocations(self) -> "LambdaClient":
        """Lambda, for calls of functions: up to 15 minutes without a byte on the way."""
        # A NAT gateway drops connections that are idle for 350 s. A call that botocore sends again, after a
        # reset or its own time limit, would make the function run twice at once.
        # https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
        lasting = Config(
            read_timeout=960, tcp_keepalive=True, retries={"mode": "standard", "total_max_attempts": 1}
        )
        return self.session.client("lambda", endpoint_url=self.endpoint, config=self.config.merge(lasting))

    @cached_property
    def logs(self) -> "CloudWatchLogsClient":
        return self.session.client("logs", **self._options)

    @cached_property
    def pipes(self) -> "EventBridgePipesClient":
        return self.session.client("pipes", **self._options)

    @cached_property
    def s3(self) -> "S3Client":
        return self.session.client("s3", **self._options)

    @cached_property
    def scheduler(self) -> "EventBridgeSchedulerClient":
        return self.session.client("scheduler", **self._options)

    @cached_property
    def sqs(self) -> "SQSClient":
        return self.session.client("sqs", **self._options)

    @cached_property
    def description(self) -> dict[str, Any]:
        """What CloudFormation says of the stack. Raises SalescastError when there is none."""
        try:
            stacks = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            remedy = (
                "`salescast up` deploys it"
                if self.is_laptop
                else "`sam deploy` makes it, AWS_REGION chooses where"
            )
            raise SalescastError(f"there is no stack named {self.name} in {self.region}; {remedy}") from error
        except NO_WAY as error:
            if self.is_laptop:
                raise
            raise SalescastError(
                f"AWS cannot be reached from here: {error} Look at the network, a proxy, and AWS_REGION"
            ) from error
        return dict(stacks[0])

    @property
    def is_complete(self) -> bool:
        """Whether the last deployment of the stack has come to its end, as it should."""
        try:
            return str(self.description["StackStatus"]) in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
        except SalescastError:
            return False

    def output(self, name: str) -> str:
        """A stack output by its name. Raises SalescastError when the stack has none."""
        outputs = {
            output["OutputKey"]: output["OutputValue"] for output in self.description.get("Outputs", [])
        }
        if name not in outputs:
            raise SalescastError(
                f"the stack {self.name} has no output {name}; deploy the current template.yaml"
            )
        return str(outputs[name])

    @property
    def parameters(self) -> dict[str, str]:
        """The values that the template's parameters have in this stack."""
        parameters = self.description.get("Parameters", [])
        return {parameter["ParameterKey"]: parameter.get("ParameterValue", "") for parameter in parameters}

    @cached_property
    def _resources(self) -> list[tuple[str, str, str]]:
        """CloudFormation type, logical id, physical id of every resource."""
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.name)
        return [
            (
                resource["ResourceType"],
                resource["LogicalResourceId"],
                resource.get("PhysicalResourceId", ""),
            )
            for page in pages
            for resource in page["StackResourceSummaries"]
        ]

    def resources(self, kind: str) -> dict[str, str]:
        """Physical id -> logical id of the stack's resources of a CloudFormation type."""
        return {physical: logical for type_, logical, physical in self._resources if type_ == kind}

    def resource(self, kind: str) -> str:
        """The physical id of the stack's one resource of a CloudFormation type."""
        for physical in self.resources(kind):
            return physical
        raise SalescastError(f"the stack {self.name} has no {kind}; deploy the current template.yaml")
