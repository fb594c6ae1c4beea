"""A stand-in's clients make the calls that it declares, and no other."""

from __future__ import annotations

import botocore.session
import pytest
from botocore.exceptions import BotoCoreError

from salescast.local.movers.clients import Clients
from salescast.local.movers.credentials import account_session
from salescast.local.movers.rights import UndeclaredActionError, action_of, guard

NOWHERE = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("service", "operation", "action"),
    [
        ("dynamodbstreams", "GetRecords", "dynamodb:GetRecords"),
        ("lambda", "Invoke", "lambda:InvokeFunction"),
        ("s3", "ListObjectsV2", "s3:ListBucket"),
        ("cloudwatch", "GetMetricData", "cloudwatch:GetMetricData"),
        ("sqs", "SendMessage", "sqs:SendMessage"),
    ],
)
def test_an_operation_is_authorised_as_an_action(service: str, operation: str, action: str) -> None:
    model = botocore.session.Session().get_service_model(service)
    assert action_of(model.operation_model(operation)) == action


def test_a_call_that_is_not_declared_is_not_made() -> None:
    session = account_session(NOWHERE, "s3cret")
    session.events.register("before-call", guard(frozenset({"s3:PutObject"})))
    s3 = Clients(session, NOWHERE).s3
    with pytest.raises(UndeclaredActionError, match="s3:DeleteObject is not declared"):
        s3.delete_object(Bucket="b", Key="k")
    with pytest.raises(BotoCoreError):  # declared: it is tried
        s3.put_object(Bucket="b", Key="k", Body=b"")
