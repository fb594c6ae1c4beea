"""The template with its functions resolved, as CloudFormation hands properties to the services.

Names of resources are their logical ids, the account is 123456789012, the region us-east-1.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from tests.template import template

ACCOUNT, REGION = "123456789012", "us-east-1"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": "salescast",
}
_ABSENT = object()  # AWS::NoValue
_ARNS = {
    "AWS::DynamoDB::Table": "dynamodb:{}:table/{}",
    "AWS::IAM::Role": "iam::123456789012:role/{1}",
    "AWS::Kinesis::Stream": "kinesis:{}:stream/{}",
    "AWS::KinesisFirehose::DeliveryStream": "firehose:{}:deliverystream/{}",
    "AWS::Logs::LogGroup": "logs:{}:log-group:{}:*",
    "AWS::Pipes::Pipe": "pipes:{}:pipe/{}",
    "AWS::S3::Bucket": "s3:::{1}",
    "AWS::SNS::Topic": "sns:{}:{}",
    "AWS::SQS::Queue": "sqs:{}:{}",
    "AWS::Serverless::Function": "lambda:{}:function:{}",
}


class Rendering:
    """The template with these parameters beside the defaults."""

    def __init__(self, parameters: Mapping[str, str] | None = None) -> None:
        declared = template()["Parameters"]
        self.values = {name: str(one["Default"]) for name, one in declared.items()} | dict(parameters or {})

    def resources(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Logical id -> type and properties of what is deployed."""
        return {
            name: (one["Type"], self.value(one.get("Properties", {})))
            for name, one in template()["Resources"].items()
            if "Condition" not in one or self.condition(template()["Conditions"][one["Condition"]])
        }

    def value(self, node: Any) -> Any:
        if isinstance(node, list):
            return [made for one in node if (made := self.value(one)) is not _ABSENT]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, argument),) = node.items()
            if name == "Ref":
                return self._ref(argument)
            if name.startswith("Fn::"):
                resolve = getattr(self, "_" + name[4:].lower())
                return resolve(argument)
        made = {key: self.value(one) for key, one in node.items()}
        return {key: one for key, one in made.items() if one is not _ABSENT}

    def condition(self, node: Any) -> bool:
        ((name, argument),) = node.items()
        if name == "Fn::Not":
            return not self.condition(argument[0])
        assert name == "Fn::Equals", name
        left, right = (self.value(one) for one in argument)
        return bool(left == right)

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _ABSENT
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.values:
            return self.values[name]
        kind = template()["Resources"][name]["Type"]
        if kind == "AWS::SNS::Topic":
            return self._arn(name)
        own = template()["Resources"][name].get("Properties", {})
        for key in ("LogGroupName", "LogStreamName", "Name"):
            if key in own and kind.startswith(("AWS::Logs", "AWS::Athena::WorkGroup")):
                return self.value(own["LogStreamName" if kind.endswith("LogStream") else key])
        if kind == "AWS::Glue::Database":
            return self.value(own["DatabaseInput"]["Name"])
        if kind == "AWS::Glue::Table":
            return (own.get("TableInput") or own)["Name"]
        return name.lower() if kind == "AWS::S3::Bucket" else name

    def _getatt(self, text: str) -> str:
        name, attribute = text.split(".", 1)
        if attribute == "StreamArn":
            return f"{self._arn(name)}/stream/2026-01-01T00:00:00.000"
        return self._arn(name) if attribute == "Arn" else name

    def _arn(self, name: str) -> str:
        kind = template()["Resources"][name]["Type"]
        return "arn:aws:" + _ARNS[kind].format(f"{REGION}:{ACCOUNT}", self._ref_name(name, kind))

    def _ref_name(self, name: str, kind: str) -> str:
        return name if kind == "AWS::SNS::Topic" else str(self._ref(name))

    def _sub(self, argument: Any) -> str:
        text, own = argument if isinstance(argument, list) else (argument, {})

        def filled(found: re.Match[str]) -> str:
            name = found[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in own:
                return str(self.value(own[name]))
            return self._getatt(name) if "." in name else str(self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", filled, text)

    def _if(self, argument: list[Any]) -> Any:
        condition = self.condition(template()["Conditions"][argument[0]])
        return self.value(argument[1 if condition else 2])

    def _join(self, argument: list[Any]) -> str:
        return str(argument[0]).join(str(one) for one in self.value(argument[1]))

    def _select(self, argument: list[Any]) -> Any:
        return self.value(argument[1])[argument[0]]

    def _split(self, argument: list[Any]) -> list[str]:
        return str(self.value(argument[1])).split(argument[0])

    def _base64(self, argument: Any) -> str:
        return base64.b64encode(str(self.value(argument)).encode()).decode()
