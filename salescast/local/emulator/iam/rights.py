"""The rights that the emulator's stand-ins ask of those they work for: sessions.require refuses any other.

Nothing of MiniStack is imported, so that the tests of rights can read it in their own interpreter.
"""

# Athena, of the identity that started a query (docs/aws-behaviour.md 7.5).
ATHENA = frozenset(
    {
        "glue:BatchCreatePartition",
        "glue:CreateDatabase",
        "glue:CreateTable",
        "glue:DeleteTable",
        "glue:GetDatabase",
        "glue:GetDatabases",
        "glue:GetPartitions",
        "glue:GetTable",
        "glue:GetTables",
        "glue:UpdateTable",
        "s3:GetBucketLocation",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
    }
)

# EventBridge Scheduler, of the role that a schedule names (7.1).
SCHEDULER = frozenset({"glue:StartJobRun", "lambda:InvokeFunction"})


class UndeclaredActionError(RuntimeError):
    """A stand-in asks for a right that it does not declare: a mistake of ours, not of the caller's."""


def check(action: str, declared: frozenset[str]) -> None:
    """Raises UndeclaredActionError unless the action is declared."""
    if action not in declared:
        raise UndeclaredActionError(f"{action} is not declared: add it to emulator/iam/rights.py")
