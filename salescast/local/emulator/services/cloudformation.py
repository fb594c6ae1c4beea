"""CloudFormation resource types: what MiniStack lacks, and what it only half keeps.

Gaps closed:
- AWS::Athena::NamedQuery: unknown to MiniStack, which refuses a template that has one. Every property is
  createOnly on AWS, so an edit replaces the query and gives it a new id.
- AWS::Pipes::Pipe: the resolved SourceParameters, TargetParameters and LogConfiguration are handed to
  pipes.py.
- AWS::CloudWatch::Alarm with Metrics (metric math): MiniStack refuses a template that has one. Here it is
  made, and described without its metrics; like every alarm here that has no data it stays undecided.
- AWS::S3::Bucket: MiniStack deletes one with all that is in it; here, as in S3, one that holds an object or a
  version is not deleted, and the stack is DELETE_FAILED.
- Templates: read by libyaml, which takes a seventh of the time. A deployment reads its template four times.
"""

import json
from collections.abc import Callable
from typing import Any

import yaml
from ministack.services import athena, s3
from ministack.services.cloudformation import engine, provisioners

from salescast.local.emulator import patching
from salescast.local.emulator.services import pipes

Json = dict[str, Any]
Created = tuple[str, Json]

_NAMED_QUERY = "AWS::Athena::NamedQuery"
_PIPE = "AWS::Pipes::Pipe"
_NAMED_QUERY_PROPERTIES = ("Database", "Description", "Name", "QueryString", "WorkGroup")


def apply() -> None:
    """Add and wrap CloudFormation handlers."""
    handlers: dict[str, Json] = patching.target(provisioners, "_RESOURCE_HANDLERS")
    if _NAMED_QUERY in handlers:
        raise patching.MissingPatchTargetError(
            f"MiniStack handles {_NAMED_QUERY} itself: remove ours from cloudformation.py"
        )
    for name in ("_create_named_query", "_delete_named_query"):
        patching.target(athena, name)
    handlers[_NAMED_QUERY] = {"create": _create_named_query, "delete": _delete_named_query}
    patching.target(provisioners, "_REPLACING_PROPERTIES")[_NAMED_QUERY] = _NAMED_QUERY_PROPERTIES
    pipe = handlers[_PIPE]
    pipe["create"] = _keeping_pipe(pipe["create"], position=1)
    pipe["update"] = _keeping_pipe(pipe["update"], position=2)
    patching.target(s3, "_bucket_has_versions")
    bucket = handlers["AWS::S3::Bucket"]
    bucket["delete"] = _only_empty(bucket["delete"])
    patching.wrap(provisioners, "_cw_metric_alarm_record", _taking_metric_math)
    patching.wrap(engine, "CfnLoader", _by_libyaml)


def _only_empty(original: Callable[[str, Json], None]) -> Callable[[str, Json], None]:
    def delete(name: str, properties: Json) -> None:
        if s3._buckets.get(name, {}).get("objects") or s3._bucket_has_versions(name):
            raise ValueError(
                "The bucket you tried to delete is not empty. You must delete all versions in the bucket. "
                "(Service: S3, Status Code: 409)"
            )
        original(name, properties)

    return delete


def _taking_metric_math(original: Callable[[str, Json], Json]) -> Callable[[str, Json], Json]:
    def record(name: str, properties: Json) -> Json:
        if not properties.get("Metrics"):
            return original(name, properties)
        if "MetricName" in properties or "Namespace" in properties:
            raise ValueError("Metrics and MetricName exclude each other; remove one of them")
        one = {key: value for key, value in properties.items() if key != "Metrics"}
        alarm = original(name, {**one, "MetricName": "expression", "Namespace": "expression"})
        # Without a metric MiniStack does not evaluate it.
        return {**alarm, "MetricName": "", "Namespace": "", "Dimensions": []}

    return record


def _by_libyaml(loader: type[yaml.SafeLoader]) -> type[yaml.CSafeLoader]:
    """A loader that makes of nodes what `loader` makes of them."""

    class Loader(yaml.CSafeLoader):
        yaml_constructors = loader.yaml_constructors
        yaml_multi_constructors = loader.yaml_multi_constructors
        yaml_implicit_resolvers = loader.yaml_implicit_resolvers

    return Loader


def _create_named_query(logical_id: str, properties: Json, stack_name: str) -> Created:
    for required in ("Database", "QueryString"):
        if not properties.get(required):
            raise ValueError(f"Property validation failure: [The property {{/{required}}} is required]")
    request = {key: properties[key] for key in _NAMED_QUERY_PROPERTIES if key in properties}
    request.setdefault("Name", f"{stack_name}-{logical_id}")
    status, _headers, body = athena._create_named_query(request)
    if status >= 400:
        raise ValueError(f"{_NAMED_QUERY} create failed: {body!r}")
    named_query_id = str(json.loads(body)["NamedQueryId"])
    return named_query_id, {"NamedQueryId": named_query_id}


def _delete_named_query(physical_id: str, _properties: Json) -> None:
    athena._delete_named_query({"NamedQueryId": physical_id})


def _keeping_pipe(original: Callable[..., Created], position: int) -> Callable[..., Created]:
    """Wrap a pipe handler; `position` is where in its arguments the new, resolved properties are."""

    def handle(*args: Any, **kwargs: Any) -> Created:
        created = original(*args, **kwargs)
        pipes.forget_parameters(created[0])
        pipes.keep_parameters(created[0], args[position])
        return created

    return handle
