"""Who may query what.

Gap closed: MiniStack reads a table's data for whoever may start a query. Athena reads the catalog and the
objects and writes the result as the caller, so each of these is checked for the identity that started the
query.
"""

from collections.abc import Callable, Iterable

from ministack.core import iam_evaluator

from salescast.local.emulator import patching
from salescast.local.emulator.athena.errors import QueryError
from salescast.local.emulator.athena.objects import StoredObject
from salescast.local.emulator.iam import rights, sessions

Require = Callable[..., None]


def apply() -> None:
    """Check that what this module reads is there (it patches nothing)."""
    patching.target(iam_evaluator, "_verified_key")


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
                sessions.require(access_key, action, resource, rights.ATHENA, keys)
        except sessions.AccessDeniedError as error:
            raise QueryError(f"PERMISSION_DENIED: {error}") from error

    return require


def check_reading(objects: Iterable[StoredObject], require: Require) -> None:
    """s3:ListBucket and s3:GetObject for `objects`, once per folder, as policies go by prefix."""
    folders: dict[tuple[str, str], str] = {}
    for stored in objects:
        folders.setdefault((stored.bucket, stored.key.rpartition("/")[0]), stored.key)
    for (bucket, folder), key in folders.items():
        require("s3:ListBucket", f"arn:aws:s3:::{bucket}", s3__prefix=f"{folder}/")
        require("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")


def check_writing(bucket: str, key: str, require: Require) -> None:
    """What Athena needs to put a result at s3://bucket/key."""
    require("s3:GetBucketLocation", f"arn:aws:s3:::{bucket}")
    require("s3:PutObject", f"arn:aws:s3:::{bucket}/{key}")
