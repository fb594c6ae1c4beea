"""Which catalog, database and table a call of Glue is about, for IAM.

Gap closed: MiniStack evaluates a call on a table against its database alone, so that who may touch one table
may touch all, and takes the name of a database or crawler for a table's. AWS evaluates it against the
catalog, the database and the table, and all three must be allowed (Glue guide, specifying resource ARNs).

Leaves out: GetTables is evaluated on catalog and database only.
"""

import json
from collections.abc import Callable
from typing import Any

from ministack.core import iam_actions, iam_evaluator

from salescast.local.emulator import patching

Json = dict[str, Any]


def apply() -> None:
    """Wrap MiniStack's resolution of a request's resource, and its evaluation of one."""
    patching.wrap(iam_actions, "extract_resource_arn", _with_tables)
    patching.wrap(iam_evaluator, "enforce", _with_parents)


def resource(action: str, request: Json) -> str | None:
    """What follows the account in the ARN of the resource of `action`; None where MiniStack may say."""
    name = request.get("Name")
    database = request.get("DatabaseName")
    if database:
        table = request.get("TableName") or name or (request.get("TableInput") or {}).get("Name")
        return f"table/{database}/{table}" if table else f"database/{database}"
    if action.endswith("Database"):
        return f"database/{name or (request.get('DatabaseInput') or {}).get('Name')}"
    if action.endswith("Crawler"):
        return f"crawler/{name}"
    return None


def _with_tables(original: Callable[..., str]) -> Callable[..., str]:
    def resolve(
        service: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any
    ) -> str:
        arn = original(service, method, path, headers, body, *rest)
        if service != "glue":
            return arn
        try:
            request = json.loads(body or b"{}")
        except ValueError:
            return arn
        found = resource(headers.get("x-amz-target", "").rsplit(".", 1)[-1], request)
        return ":".join([*arn.split(":", 5)[:5], found]) if found else arn

    return resolve


def _with_parents(original: Callable[..., Any]) -> Callable[..., Any]:
    def enforce(
        key: str, action: str, service: str, region: str, resource_arn: str = "*", *rest: Any, **more: Any
    ) -> Any:
        for arn in [*_parents(action, resource_arn), resource_arn]:
            denied = original(key, action, service, region, arn, *rest, **more)
            if denied is not None:
                break
        return denied

    return enforce


def _parents(action: str, arn: str) -> list[str]:
    parts = arn.split(":", 5)
    if not action.startswith("glue:") or len(parts) < 6:
        return []
    account, kind = ":".join(parts[:5]), parts[5].split("/")
    if kind[0] not in ("table", "database"):
        return []
    database = [f"{account}:database/{kind[1]}"] if kind[0] == "table" else []
    return [f"{account}:catalog", *database]
