"""Who may query what.

Gaps closed:
- MiniStack checks athena:GetQueryExecution and its kind on `*`, because the request names only an id; on AWS
  the resource is the workgroup that the query or named query belongs to, and so it is here.
- MiniStack reads a table's data for whoever may start a query. Athena reads the catalog and the objects and
  writes the result as the caller, so each of these is checked for the identity that started the query.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services import athena

from salescast.local.emulator import patching
from salescast.local.emulator.athena.dialect import QueryError
from salescast.local.emulator.athena.objects import StoredObject
from salescast.local.emulator.iam import sessions

Require = Callable[..., None]


def apply() -> None:
    """Let MiniStack see the workgroup behind an id."""
    patching.target(iam_evaluator, "_verified_key")
    for name in ("_executions", "_named_queries", "_arn_workgroup"):
        patching.target(athena, name)
    patching.wrap(iam_actions, "extract_resource_arn", _workgroup_of_id)


def of_caller() -> Require:
    """`require(action, *resources, **context)` for the identity whose request is being answered.

    It raises QueryError with AWS's words when the identity may not. Context keys are written with two
    underscores for the colon: s3__prefix.
    """
    access_key = iam_evaluator._verified_key.get()

    def require(action: str, *resources: str, **context: str) -> None:
        try:
            for resource in resources:
                keys = {key.replace("__", ":"): value for key, value in context.items()}
                sessions.require(access_key, action, resource, keys)
        except sessions.AccessDeniedError as error:
            raise QueryError(f"PERMISSION_DENIED: {error}") from error

    return require


def check_reading(objects: Iterable[StoredObject], require: Require) -> None:
    """s3:ListBucket and s3:GetObject for `objects`, once per folder, as policies go by prefix."""
    folders: dict[tuple[str, str], str] = {}
    for found in objects:
        folders.setdefault((found.bucket, found.key.rpartition("/")[0]), found.key)
    for (bucket, folder), key in folders.items():
        require("s3:ListBucket", f"arn:aws:s3:::{bucket}", s3__prefix=f"{folder}/")
        require("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")


def check_writing(bucket: str, key: str, require: Require) -> None:
    """What Athena needs to put a result at s3://bucket/key."""
    require("s3:GetBucketLocation", f"arn:aws:s3:::{bucket}")
    require("s3:PutObject", f"arn:aws:s3:::{bucket}/{key}")


def _workgroup_of_id(original: Callable[..., str]) -> Callable[..., str]:
    def extract(service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any) -> str:
        arn = original(service, method, path, headers, body, *rest)
        if service != "athena" or arn != "*":
            return arn
        return _workgroup_arn(body) or arn

    return extract


def _workgroup_arn(body: bytes) -> str | None:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return None
    for member, store in (("QueryExecutionId", athena._executions), ("NamedQueryId", athena._named_queries)):
        named = request.get(member) or next(iter(request.get(f"{member}s") or []), None)
        if isinstance(named, str) and named in store:
            return str(athena._arn_workgroup(store[named]["WorkGroup"]))
    # A request that names no workgroup is about the account's own one.
    return None
