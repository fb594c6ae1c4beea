"""What a crawler does under its role (docs/aws-behaviour.md 7.4)."""

RIGHTS = frozenset(
    {
        "glue:BatchCreatePartition",
        "glue:BatchUpdatePartition",
        "glue:CreateTable",
        "glue:GetPartitions",
        "glue:GetTable",
        "glue:UpdateTable",
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "s3:GetObject",
        "s3:ListBucket",
    }
)
