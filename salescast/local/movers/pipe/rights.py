"""What a pipe does under its role (docs/aws-behaviour.md 1.7)."""

RIGHTS = frozenset(
    {
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "kinesis:PutRecords",
        "sqs:SendMessage",
    }
)
