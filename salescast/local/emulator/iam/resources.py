"""Which resource a call is about, for IAM, where MiniStack's answer is not AWS's.

Gaps closed, one row of _RESOURCES each:
- CloudWatch: MiniStack evaluates DescribeAlarms against `*`, so that a policy that names alarms refuses it.
  AWS evaluates it against alarms (docs/aws-behaviour.md 7.6).
- DynamoDB Streams: `*` for all calls; AWS wants the stream. A shard iterator names its stream.
- CloudWatch Logs: the log group's bare ARN. AWS asks for the log stream's, which is empty where an action
  names none, and so GetAtt of a log group's Arn, which ends in `:*`, matches it (Service Authorization
  Reference).
- Glue: a call on a table is evaluated against its database alone, and a database's or crawler's name is taken
  for a table's. AWS evaluates the catalog, the database and the table, and all three must be allowed (Glue
  guide, specifying resource ARNs).
- CloudWatch: PutMetricData comes without the condition key cloudwatch:namespace, so that a policy that names
  a namespace refuses it.
- Athena: `*` for a request that names only an id; on AWS the workgroup that the query or named query belongs
  to. `*` for calls on databases and tables; on AWS the data catalog.

Leaves out: DescribeAlarms with names is evaluated on all alarms of the account; GetTables on catalog and
database only.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services import athena, dynamodb_streams

from salescast.local.emulator import patching

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A request on its way to being authorised. `arn` is the resource as MiniStack sees it."""

    operation: str
    body: bytes
    region: str
    account: str
    arn: str

    @cached_property
    def request(self) -> Json:
        """The JSON of the body, empty when it is no object."""
        try:
            request = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return request if isinstance(request, dict) else {}

    def named(self, service: str, resource: str) -> str:
        """The ARN of a resource of the caller's account."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


Resource = Callable[[Call], str]
# In CBOR (a text of less than 24 bytes), JSON and a query alike.
_NAMESPACE = re.compile(rb'Namespace(?:[\x60-\x77]|"\s*:\s*"|=)([\w./#-]+)')
_ANY = "any operation of the service"


def apply() -> None:
    """Wrap MiniStack's resolution of a request's resource, and its evaluation of one."""
    patching.target(dynamodb_streams, "_decode_iterator")
    for name in ("_executions", "_named_queries", "_arn_workgroup"):
        patching.target(athena, name)
    patching.wrap(iam_actions, "extract_resource_arn", _resolving)
    patching.wrap(iam_actions, "request_tag_context", _with_namespace)
    patching.wrap(iam_evaluator, "enforce", _with_parents)


def _alarms(call: Call) -> str:
    return call.named("cloudwatch", "alarm:*")


def _stream(call: Call) -> str:
    arn = call.request.get("StreamArn")
    iterator = call.request.get("ShardIterator")
    if arn is None and isinstance(iterator, str):
        try:
            arn = (dynamodb_streams._decode_iterator(iterator) or {}).get("arn")
        except (ValueError, KeyError, AttributeError, TypeError):
            arn = None
    return arn if isinstance(arn, str) else "*"


def _log_stream(call: Call) -> str:
    return _in_group(call, str(call.request.get("logStreamName", "")))


def _any_log_stream(call: Call) -> str:
    return _in_group(call, "")


def _in_group(call: Call, stream: str) -> str:
    return f"{call.arn}:log-stream:{stream}" if ":log-group:" in call.arn else call.arn


def _catalog(call: Call) -> str:
    request = call.request
    name, database = request.get("Name"), request.get("DatabaseName")
    if database:
        table = request.get("TableName") or name or (request.get("TableInput") or {}).get("Name")
        return call.named("glue", f"table/{database}/{table}" if table else f"database/{database}")
    if call.operation.endswith("Database"):
        return call.named("glue", f"database/{name or (request.get('DatabaseInput') or {}).get('Name')}")
    if "Job" in call.operation and (job := request.get("JobName")):
        return call.named("glue", f"job/{job}")
    return call.named("glue", f"crawler/{name}") if call.operation.endswith("Crawler") else call.arn


def _workgroup(call: Call) -> str:
    if call.arn != "*":
        return call.arn
    for member, store in (("QueryExecutionId", athena._executions), ("NamedQueryId", athena._named_queries)):
        named = call.request.get(member) or next(iter(call.request.get(f"{member}s") or []), None)
        if isinstance(named, str) and named in store:
            return str(athena._arn_workgroup(store[named]["WorkGroup"]))
    # A request that names no workgroup is about the account's own one.
    return call.arn


def _data_catalog(call: Call) -> str:
    name = str(call.request.get("CatalogName") or call.request.get("Name"))
    return call.named(
        "athena", f"datacatalog/{'AwsDataCatalog' if name.lower() == 'awsdatacatalog' else name}"
    )


_RESOURCES: dict[tuple[str, str], Resource] = {
    ("monitoring", "DescribeAlarms"): _alarms,
    ("dynamodbstreams", _ANY): _stream,
    **{("logs", name): _log_stream for name in ("PutLogEvents", "GetLogEvents", "DeleteLogStream")},
    **{("logs", name): _any_log_stream for name in ("CreateLogStream", "FilterLogEvents")},
    ("glue", _ANY): _catalog,
    **{
        ("athena", name): _data_catalog
        for name in (
            "GetDataCatalog",
            "ListDatabases",
            "GetDatabase",
            "ListTableMetadata",
            "GetTableMetadata",
        )
    },
    ("athena", _ANY): _workgroup,
}


def _resolving(original: Callable[..., str]) -> Callable[..., str]:
    def resolve(
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query: Json,
        region: str,
        account: str,
    ) -> str:
        arn = original(service, method, path, headers, body, query, region, account)
        operation = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
        resource = _RESOURCES.get((service, operation)) or _RESOURCES.get((service, _ANY))
        return arn if resource is None else resource(Call(operation, body, region, account, arn))

    return resolve


def _with_namespace(original: Callable[..., Json]) -> Callable[..., Json]:
    def context(service: str, action: str, body: bytes, *rest: Any, **more: Any) -> Json:
        keys = original(service, action, body, *rest, **more)
        named = _NAMESPACE.search(body or b"") if action == "cloudwatch:PutMetricData" else None
        return {**keys, "cloudwatch:namespace": named[1].decode()} if named else keys

    return context


def _with_parents(original: Callable[..., Any]) -> Callable[..., Any]:
    def enforce(
        key: str, action: str, service: str, region: str, resource_arn: str = "*", *rest: Any, **more: Any
    ) -> Any:
        for arn in (*_parents(action, resource_arn), resource_arn):
            denied = original(key, action, service, region, arn, *rest, **more)
            if denied is not None:
                break
        return denied

    return enforce


def _parents(action: str, arn: str) -> Iterator[str]:
    """The catalog, and the database of a table, of a Glue resource: they must be allowed too."""
    parts = arn.split(":", 5)
    if not action.startswith("glue:") or len(parts) < 6:
        return
    account, (kind, *names) = ":".join(parts[:5]), parts[5].split("/")
    if kind in ("table", "database"):
        yield f"{account}:catalog"
    if kind == "table":
        yield f"{account}:database/{names[0]}"
