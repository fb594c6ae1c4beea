"""Each role is for one service, working for one account on the stack's own resource."""

from __future__ import annotations

import pytest

from salescast.local.movers.credentials import TrustRefusedError
from salescast.stack.stack import LAPTOP_ACCOUNT, LAPTOP_REGION
from tests.iam.actors import TRUSTED, Deployed
from tests.template import resources

OTHER_ACCOUNT = "111111111111"
SERVICES = [
    *sorted({service for service, _ in TRUSTED.values()}),
    "ec2.amazonaws.com",
    "events.amazonaws.com",
    "athena.amazonaws.com",
    "ecs-tasks.amazonaws.com",
]


def test_every_role_is_tried() -> None:
    assert set(resources("AWS::IAM::Role")) == set(TRUSTED)


@pytest.mark.parametrize("role", TRUSTED)
def test_its_service_gets_it(deployed: Deployed, role: str) -> None:
    session = deployed.session(role)
    assert session.get_credentials() is not None


@pytest.mark.parametrize(
    ("role", "service"),
    [(role, service) for role, (own, _) in TRUSTED.items() for service in SERVICES if service != own],
)
def test_another_service_does_not(deployed: Deployed, role: str, service: str) -> None:
    with pytest.raises(TrustRefusedError):
        deployed.session(role, service=service)


@pytest.mark.parametrize("role", TRUSTED)
def test_another_account_does_not(deployed: Deployed, role: str) -> None:
    with pytest.raises(TrustRefusedError):
        deployed.session(role, account=OTHER_ACCOUNT)
    source = deployed.source_arn(role).replace(LAPTOP_ACCOUNT, OTHER_ACCOUNT)
    assert source != deployed.source_arn(role)
    with pytest.raises(TrustRefusedError):
        deployed.session(role, source_arn=source)
    with pytest.raises(TrustRefusedError):
        deployed.session(role, source_arn=source, account=OTHER_ACCOUNT)


@pytest.mark.parametrize("role", TRUSTED)
def test_another_source_does_not(deployed: Deployed, role: str) -> None:
    own = deployed.source_arn(role)
    head, _, name = own.rpartition("/" if "/" in own else ":")
    others = [
        own.replace(LAPTOP_REGION, "eu-west-1"),
        f"arn:aws:s3:::{name}",
        f"arn:aws:states:{LAPTOP_REGION}:{LAPTOP_ACCOUNT}:stateMachine:{name}",
        head,
    ]
    if role != "CrawlerRole":
        others.append(f"{head}{own[len(head)]}somebody-elses")
    others += [deployed.source_arn(other) for other in TRUSTED if deployed.source_arn(other) != own]
    for source in others:
        assert source != own
        with pytest.raises(TrustRefusedError):
            deployed.session(role, source_arn=source)
