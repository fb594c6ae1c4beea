"""docs/findings.md: rows name what is there and give reasons; `make audit` compares them with the tools."""

from __future__ import annotations

import json

import pytest

from tests.audit.findings import accepted, compared, of_bandit, of_checkov, of_parliament
from tests.template import ROOT, template


def test_every_finding_is_of_something_that_is_there() -> None:
    for finding in accepted().values():
        assert finding.where, finding
        for where in finding.where:
            if finding.tool == "checkov":
                assert where in template()["Resources"], finding
            else:
                assert (ROOT / where).exists(), finding


def test_a_finding_without_a_reason_and_a_reason_without_a_finding_are_both_told() -> None:
    told = [
        (finding.tool, finding.check, where) for finding in accepted().values() for where in finding.where
    ]
    assert compared(told) == []
    (tool, check, where), *rest = told
    assert compared(rest) == [f"{tool} {check}: {where} is not found any more"]
    assert compared([*told, ("bandit", "B999", "src/x.py")]) == [
        "bandit B999: src/x.py is not in docs/findings.md"
    ]


@pytest.mark.parametrize("several", [True, False])
def test_what_the_tools_print_is_read(several: bool) -> None:
    part = {"results": {"failed_checks": [{"check_id": "CKV_1", "resource": "AWS::S3::Bucket.Lake"}]}}
    assert list(of_checkov([part] if several else part)) == [("checkov", "CKV_1", "Lake")]
    report = {"results": [{"test_id": "B1", "filename": "./src/a.py"}]}
    assert list(of_bandit(report)) == [("bandit", "B1", "src/a.py")]
    line = json.dumps({"issue": "RESOURCE_MISMATCH"})
    assert list(of_parliament("Role/Policy", f"a warning\n{line}\n")) == [
        ("parliament", "RESOURCE_MISMATCH", "Role/Policy")
    ]
