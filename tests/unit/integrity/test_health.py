"""What `salescast status` says of stages: summary, ages, missing rights."""

import pytest
from botocore.exceptions import ClientError

from salescast.integrity import health
from salescast.integrity.health import DOWN, OK, WARNING, Stage


@pytest.mark.parametrize(
    ("healths", "worst", "says"),
    [
        ({"pipe": OK, "lake": OK}, OK, "all 2 are well"),
        ({"pipe": WARNING, "lake": OK}, WARNING, "1 of 2 to look at: pipe. Next: docs/operations.md"),
        ({"pipe": DOWN, "errors/": WARNING}, DOWN, "1 of 2 down: pipe. Next: docs/operations.md"),
        ({"errors/": WARNING}, WARNING, "errors/. Next: salescast reconcile, salescast redrive --dry-run"),
        ({"process pipe": DOWN, "pipe": OK}, DOWN, "process pipe. Next: salescast up"),
    ],
)
def test_the_summary_is_the_worst_and_says_where_to_look(
    healths: dict[str, str], worst: str, says: str
) -> None:
    found = [Stage(name, value, "") for name, value in healths.items()]
    assert health.summary(found)[0] == worst
    assert says in health.summary(found)[1]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (172_799, "48 h"), (172_800, "2 d")],
)
def test_spans(seconds: float, text: str) -> None:
    assert health.span(seconds) == text


def refusal(code: str, message: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@pytest.mark.parametrize(
    ("error", "right"),
    [
        (
            refusal(
                "AccessDeniedException",
                "User: arn:aws:iam::1:user/u is not authorized to perform: pipes:DescribePipe on resource: x",
                "DescribePipe",
            ),
            "pipes:DescribePipe",
        ),
        (
            refusal(
                "AccessDenied",
                "User: x is not authorized to perform: sqs:getqueueattributes on resource: x",
                "GetQueueAttributes",
            ),
            "sqs:GetQueueAttributes",
        ),
        # S3 does not always say which right it wanted.
        (refusal("AccessDenied", "Access Denied", "ListObjectsV2"), "s3:ListBucket"),
        (refusal("AccessDenied", "Access Denied", "GetMetricData"), "GetMetricData"),
    ],
)
def test_a_refusal_names_the_right_and_the_policy(error: ClientError, right: str) -> None:
    assert health.missing_right(error) == (
        f"may not be asked: the right {right} is missing; attach the policy in the output MonitorPolicy"
    )


def test_any_other_error_is_no_missing_right() -> None:
    assert health.missing_right(refusal("ThrottlingException", "slow down", "DescribePipe")) == ""
    assert health.missing_right(ValueError("AccessDenied")) == ""
