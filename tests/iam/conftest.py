"""The stack's resources and things to try rights on, made once for a module, and taken away."""

from collections.abc import Iterator

import pytest

from salescast.stack.stack import Stack
from tests.iam.actors import TRUSTED, Actor, Deployed
from tests.iam.calls import Things
from tests.iam.excesses import EXCESSES
from tests.iam.rights import EXERCISED
from tests.iam.rights_on_aws import ON_AWS_ONLY

OWNERS = (*TRUSTED, "AnalystPolicy", "MonitorPolicy")


@pytest.fixture(scope="module")
def deployed(stack: Stack) -> Deployed:
    return Deployed(stack)


@pytest.fixture(scope="module")
def things(deployed: Deployed) -> Iterator[Things]:
    made = Things(deployed)
    yield made
    made.clear()


@pytest.fixture(scope="module")
def actors(deployed: Deployed) -> dict[str, Actor]:
    """A twin of every role, and a user with each managed policy, by the name in the template."""
    return {owner: Actor(deployed, owner) for owner in OWNERS}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the counts: rights in the two lists, excesses tried."""
    lists = f"{len(EXERCISED)} actions exercised, {len(ON_AWS_ONLY)} needed on AWS only"
    tried = sum(owner not in excess.may for owner in OWNERS for excess in EXCESSES)
    allowed = sum(len(excess.may) for excess in EXCESSES)
    terminalreporter.section("IAM")
    terminalreporter.write_line(f"{lists} (tests/iam/rights.py, rights_on_aws.py)")
    terminalreporter.write_line(
        f"{len(EXCESSES)} excesses by {len(OWNERS)} identities: {tried} refused, {allowed} are theirs"
    )
