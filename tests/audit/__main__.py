"""make audit: checkov over the template, bandit over the code, parliament over the policies, each pinned.

They come from the package registry into environments of their own, and are in no environment of the project.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.audit.findings import compared, of_bandit, of_checkov, of_parliament
from tests.rendered import Rendering
from tests.template import ROOT

PINNED = {"checkov": "3.3.30", "bandit": "1.9.4", "parliament": "1.6.4"}
CODE = ("src", "jobs", "salescast", "tools")


def run(tool: str, *arguments: str, given: str = "") -> str:
    """What a tool prints. Its exit status says that it found something."""
    uv = Path(sys.executable).with_name("uv")
    extra = ["--with", "setuptools<81"] if tool == "parliament" else []  # it asks for pkg_resources
    command = [
        str(uv),
        "tool",
        "run",
        "--quiet",
        *extra,
        "--from",
        f"{tool}=={PINNED[tool]}",
        tool,
        *arguments,
    ]
    done = subprocess.run(command, cwd=ROOT, input=given, capture_output=True, text=True, check=False)
    if not done.stdout.strip() and done.returncode:
        raise SystemExit(f"{tool} does not run: {done.stderr[-500:]}")
    return done.stdout


def policies() -> dict[str, Any]:
    """The policy documents by owner and name, as they are deployed."""
    found = {}
    for name, (kind, properties) in Rendering().resources().items():
        if kind == "AWS::IAM::ManagedPolicy":
            found[name] = properties["PolicyDocument"]
        if kind == "AWS::IAM::Role":
            for policy in properties["Policies"]:
                found[f"{name}/{policy['PolicyName']}"] = policy["PolicyDocument"]
    return found


def main() -> int:
    """Run the tools. Returns 0 when the page accounts for all that they say."""
    found = list(
        of_checkov(json.loads(run("checkov", "-f", "template.yaml", "-o", "json", "--quiet", "--compact")))
    )
    found += of_bandit(json.loads(run("bandit", "-r", *CODE, "-f", "json", "-q")))
    for owner, document in policies().items():
        found += of_parliament(owner, run("parliament", "--json", given=json.dumps(document)))
    for tool in PINNED:
        print(f"{tool} {PINNED[tool]}: {sum(one[0] == tool for one in found)} findings")
    problems = compared(found)
    print(*problems, sep="\n")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
