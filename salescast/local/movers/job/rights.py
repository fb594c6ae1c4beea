"""What a job run asks of the job's role: its stand-in before and after the script, and jobs/lake.py itself.

The guard sees the stand-in's calls alone; the script's are seen to be allowed when it runs under the role.
"""

RIGHTS = frozenset(
    {
        "cloudwatch:PutMetricData",
        "glue:GetTable",
        "glue:UpdateTable",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "s3:DeleteObject",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
    }
)
