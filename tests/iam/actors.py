"""Who acts: services under the template's roles, users with its managed policies; each a twin to be changed.

A twin has the deployed role's trust policy and policies, so that taking something away disturbs no one else.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from typing import Any
from uuid import uuid4

import boto3

from salescast.local.movers.clients import client
from salescast.local.movers.credentials import service_session
from salescast.stack.stack import LAPTOP_ACCOUNT, LAPTOP_REGION, Stack
from tests.iam.policies import Allowed, Document, documents, without

# Role -> service principal, and the logical id of what the service works for.
TRUSTED = {
    "SchedulerRole": ("scheduler.amazonaws.com", "Schedules"),
    "GeneratorRole": ("lambda.amazonaws.com", "GeneratorFunction"),
    "PipeRole": ("pipes.amazonaws.com", "OrdersPipe"),
    "DeliveryRole": ("firehose.amazonaws.com", "ArrivalsDeliveryStream"),
    "TransformerRole": ("lambda.amazonaws.com", "TransformerFunction"),
    "SnapshotRole": ("lambda.amazonaws.com", "SnapshotFunction"),
    "ProjectorRole": ("lambda.amazonaws.com", "ProjectorFunction"),
    "LakeJobRole": ("glue.amazonaws.com", "LakeJob"),
    "CrawlerRole": ("glue.amazonaws.com", "LakeCrawler"),
}
_KINDS = {
    "Schedules": "scheduler:{}:schedule-group/{}",
    "GeneratorFunction": "lambda:{}:function:{}",
    "TransformerFunction": "lambda:{}:function:{}",
    "SnapshotFunction": "lambda:{}:function:{}",
    "ProjectorFunction": "lambda:{}:function:{}",
    "OrdersPipe": "pipes:{}:pipe/{}",
    "ArrivalsDeliveryStream": "firehose:{}:deliverystream/{}",
    "LakeJob": "glue:{}:job/{}",
    "LakeCrawler": "glue:{}:crawler/{}",
}


class Deployed:
    """The stack's resources by logical id, and clients of the account itself."""

    def __init__(self, stack: Stack) -> None:
        assert stack.endpoint is not None
        self.stack = stack
        self.endpoint: str = stack.endpoint
        pages = stack.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack.name)
        resources = [item for page in pages for item in page["StackResourceSummaries"]]
        self.ids = {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in resources}
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """A client with the account's own key."""
        if service not in self._clients:
            self._clients[service] = client(self.stack.session, service, self.endpoint)
        return self._clients[service]

    def source_arn(self, role: str) -> str:
        """What the service that has this role works for."""
        logical = TRUSTED[role][1]
        return "arn:aws:" + _KINDS[logical].format(f"{LAPTOP_REGION}:{LAPTOP_ACCOUNT}", self.ids[logical])

    def role_arn(self, role: str) -> str:
        return f"arn:aws:iam::{LAPTOP_ACCOUNT}:role/{self.ids[role]}"

    def session(
        self, role: str, role_arn: str | None = None, rights: frozenset[str] | None = None, **changes: str
    ) -> boto3.Session:
        """A session of the role as its service gets it; `changes` are to service, source_arn and account."""
        request = {
            "service": TRUSTED[role][0],
            "source_arn": self.source_arn(role),
            "account": LAPTOP_ACCOUNT,
        } | changes
        return service_session(
            self.endpoint, self.stack.session, role_arn or self.role_arn(role), **request, rights=rights
        )

    @cached_property
    def policies(self) -> dict[tuple[str, str], Document]:
        """The deployed policy documents by owner and policy."""
        iam = self.client("iam")
        policies: dict[tuple[str, str], Document] = {}
        for owner, policy, _ in documents():
            if owner in TRUSTED:
                answer = iam.get_role_policy(RoleName=self.ids[owner], PolicyName=policy)
                policies[owner, policy] = _read(answer["PolicyDocument"])
            else:
                arn = self.ids[owner]
                version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
                answer = iam.get_policy_version(PolicyArn=arn, VersionId=version)
                policies[owner, policy] = _read(answer["PolicyVersion"]["Document"])
        return policies


class Actor:
    """A twin of one role, or a user who has a managed policy."""

    def __init__(self, deployed: Deployed, owner: str) -> None:
        self.owner = owner
        self.deployed = deployed
        self.name = f"twin-{owner}-{uuid4().hex[:8]}"
        self._clients: dict[str, Any] = {}
        iam = deployed.client("iam")
        if owner in TRUSTED:
            trust = iam.get_role(RoleName=deployed.ids[owner])["Role"]["AssumeRolePolicyDocument"]
            arn = iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=json.dumps(_read(trust)))
            self._put: Callable[[str, Document], Any] = self._put_role_policy
            self._session = deployed.session(owner, arn["Role"]["Arn"])
        else:
            iam.create_user(UserName=self.name)
            key = iam.create_access_key(UserName=self.name)["AccessKey"]
            self._put = self._put_user_policy
            self._session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], None, LAPTOP_REGION)
        self._documents = {
            policy: document for (of, policy), document in deployed.policies.items() if of == owner
        }
        for policy, document in self._documents.items():
            self._put(policy, document)

    def client(self, service: str) -> Any:
        """A client with this identity's rights."""
        if service not in self._clients:
            self._clients[service] = client(self._session, service, self.deployed.endpoint)
        return self._clients[service]

    def lose(self, right: Allowed) -> None:
        """Take one action away (PutRolePolicy, PutUserPolicy)."""
        self._put(right.policy, without(self._documents[right.policy], right.statement, right.action))

    def regain(self, right: Allowed) -> None:
        """Give it back."""
        self._put(right.policy, self._documents[right.policy])

    def _put_role_policy(self, policy: str, document: Document) -> None:
        self.deployed.client("iam").put_role_policy(
            RoleName=self.name, PolicyName=policy, PolicyDocument=json.dumps(document)
        )

    def _put_user_policy(self, policy: str, document: Document) -> None:
        self.deployed.client("iam").put_user_policy(
            UserName=self.name, PolicyName=policy, PolicyDocument=json.dumps(document)
        )


def _read(document: Any) -> Document:
    loaded: Document = json.loads(document) if isinstance(document, str) else document
    return loaded
