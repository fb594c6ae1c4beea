"""What Data Firehose does under the roles of a delivery stream (docs/aws-behaviour.md 2.7)."""

RIGHTS = frozenset(
    {
        "glue:GetTable",
        "glue:GetTableVersion",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:ListShards",
        "lambda:InvokeFunction",
        "logs:PutLogEvents",
        "s3:PutObject",
    }
)
