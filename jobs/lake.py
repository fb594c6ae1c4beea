"""The Spark job of AWS Glue: merges the arrivals into the Iceberg tables order_log and order_state.

Arrivals are what Firehose delivers: rows, at least once, in no order. The log holds every change once (of two
rows of one change the one made later), the state of every order its newest row by version, sequence number
and time of processing. A removed order stays in the state as its REMOVE row, a tombstone: a late older change
cannot bring it back.

Any step may be repeated, and the job may be killed between any two, or within one:

1. refuse: tables whose columns differ from those of the arrivals are not touched.
2. clear: delete the arrivals that an earlier run merged, as its receipt names them, once no query can still
   be reading them (GRACE, longer than the longest query of Athena), then the receipt. A receipt whose
   snapshots are no longer in the tables' history proves nothing: it is torn up and its arrivals merge again.
3. merge, log and then state: one commit each; merging a row twice changes nothing.
4. receipt: written after both commits, so that it never names what was not merged.
5. erase, where it is asked for: a customer's id is replaced in both tables, what was merged goes at once, and
   manifests are written anew.
6. tidy: small files are put together, snapshots expire, files that no snapshot knows are removed.

The views read tables and arrivals together, so they are right before, between and after all of this.

Arguments: --lake BUCKET --database NAME --snapshot_retention_days DAYS --stack NAME, and --erase DIGEST, the
SHA-256 of a customer_id, so that the id stands in no history of runs. Where it runs is said by Spark's own
configuration (spark-defaults.conf), never here.
"""

from __future__ import annotations

import argparse
import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

ARRIVALS = "curated/order_arrivals/"
# Where Firehose wrote before there were arrivals; a stack of that time still has objects there.
FORMER = "curated/order_changes/"
RECEIPTS = "receipts/"
LOG, STATE, SOURCE = "order_log", "order_state", "order_arrivals"
CATALOG = "lake"
NAMESPACE, SERVICE = "Salescast", "lake_job"
GRACE_SECONDS = 3600.0
ORPHAN_DAYS = 3
SMALL_FILES = 5
ERASED = "erased"
# Where a catalog of files, as the tests have it, keeps a table's version.
HINT = "version-hint.text"
# An IN list longer than this is no faster than the range around it.
MOST_DATES = 200
# What the catalog calls a type, and what Spark and Iceberg call it.
SPARK_TYPES = {"string": "string", "int": "int", "timestamp": "timestamp_ntz", "bigint": "bigint"}


class SchemaError(Exception):
    """The tables are not those that this job merges; it says which column, and what to do."""


@dataclass(frozen=True)
class Receipt:
    """Proof that the objects `keys` are merged: the snapshots that hold them (None: they had no rows)."""

    keys: list[str]
    log_snapshot: int | None
    state_snapshot: int | None

    def text(self) -> str:
        return json.dumps(vars(self))

    @classmethod
    def of(cls, text: str) -> Receipt:
        return cls(**json.loads(text))


class Store:
    """The lake's bucket, as far as the job needs it. Ages are in seconds by the store's own clock."""

    def __init__(self, bucket: str) -> None:
        import boto3

        self._s3 = boto3.client("s3")
        self._bucket = bucket

    def url(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"

    def key(self, url: str) -> str:
        """The key of an object of this bucket."""
        return url.removeprefix(self.url(""))

    def keys(self, prefix: str) -> dict[str, float]:
        """Key -> time of writing (epoch seconds) of the objects under a prefix."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        return {
            item["Key"]: item["LastModified"].timestamp()
            for page in pages
            for item in page.get("Contents", [])
        }

    def read(self, key: str) -> str:
        text: str = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read().decode()
        return text

    def write(self, key: str, text: str) -> None:
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=text.encode())

    def delete(self, keys: list[str]) -> None:
        """Delete objects, those that have gone already included. Raises RuntimeError when S3 refuses one."""
        for start in range(0, len(keys), 1000):
            named: list[Any] = [{"Key": key} for key in keys[start : start + 1000]]
            answer = self._s3.delete_objects(Bucket=self._bucket, Delete={"Objects": named, "Quiet": True})
            if refused := answer.get("Errors"):
                raise RuntimeError(f"{refused[0]['Key']} was not deleted: {refused[0]['Code']}")


@dataclass
class Job:
    """One run over the tables of a database. `columns` are those of the arrivals, (name, catalog's type)."""

    spark: Any
    store: Store
    database: str
    columns: list[tuple[str, str]]
    snapshot_retention_days: int = 7
    grace_seconds: float = GRACE_SECONDS
    erase_digest: str = ""
    metrics: dict[str, float] = field(default_factory=dict)

    def run(self) -> None:
        """All steps. Raises SchemaError before anything is touched, and what Spark and S3 raise."""
        for step in self.steps():
            started = time.monotonic()
            step()
            print(f"{step.__name__.strip('_')}: {time.monotonic() - started:.1f} s", flush=True)

    def steps(self) -> Iterator[Callable[[], None]]:
        """The steps in their order; each is whole by itself and may be repeated."""
        yield self.refuse
        yield self.clear
        yield self.take
        if self._keys:
            yield self.merge_log
            yield self.merge_state
            yield self.give_receipt
        if self.erase_digest:
            yield self.erase
            yield self.clear_at_once
        yield self.put_together
        if self.erase_digest:
            yield self.forget_deleted_files
        yield self.expire
        yield self.measure

    def refuse(self) -> None:
        """Raises SchemaError unless both tables have the columns of the arrivals, in name and type."""
        wanted = {name: spark_type(kind) for name, kind in self.columns}
        for table in (LOG, STATE):
            held = {f.name: f.dataType.simpleString() for f in self.spark.table(self._name(table)).schema}
            for name in [*wanted, *held]:
                if wanted.get(name) != held.get(name):
                    raise SchemaError(
                        f"column {name} is {wanted.get(name, 'not')} in {SOURCE} and "
                        f"{held.get(name, 'not')} in {table}; nothing was merged: make them alike "
                        f"(Athena: ALTER TABLE {table} ADD COLUMNS)"
                    )

    def clear(self) -> None:
        """Delete what earlier runs merged, a receipt's age after no query can be reading it any more."""
        self._clear(self.grace_seconds)

    def clear_at_once(self) -> None:
        """Delete all that is merged: an erased id must not outlive the run. A query that reads it fails."""
        self._clear(0.0)

    def _clear(self, age: float) -> None:
        now, cleared = time.time(), 0
        for key, written in sorted(self.store.keys(RECEIPTS).items()):
            if now - written < age:
                continue
            receipt = Receipt.of(self.store.read(key))
            if self._holds(LOG, receipt.log_snapshot) and self._holds(STATE, receipt.state_snapshot):
                self.store.delete(receipt.keys)
                cleared += len(receipt.keys)
            else:
                print(f"{key}: its snapshots are not in the tables' history, its arrivals merge again")
            self.store.delete([key])
        self.metrics["ArrivalsDeleted"] = self.metrics.get("ArrivalsDeleted", 0) + cleared

    def take(self) -> None:
        """Read the arrivals that no receipt names, each change once."""
        receipts = [Receipt.of(self.store.read(key)) for key in self.store.keys(RECEIPTS)]
        merged = {key for receipt in receipts for key in receipt.keys}
        found = {**self.store.keys(FORMER), **self.store.keys(ARRIVALS)}
        waiting = {key: at for key, at in found.items() if key not in merged and not _hidden(key)}
        self._keys = sorted(waiting)
        oldest = min(waiting.values(), default=time.time())
        self.metrics["ArrivalsMerged"] = len(self._keys)
        self.metrics["OldestArrivalSeconds"] = max(0.0, time.time() - oldest)
        if not self._keys:
            self.metrics["RowsMerged"] = 0
            return
        rows = None
        for prefix in (FORMER, ARRIVALS):
            paths = [self.store.url(key) for key in self._keys if key.startswith(prefix)]
            if paths:
                part = self._read(paths)
                rows = part if rows is None else rows.unionByName(part)
        # Both merges read it, and each of them twice: thousands of small objects are fetched once.
        self._rows = newest(rows, ["change_id"], ["processed_ts"]).persist()
        self.metrics["RowsMerged"] = self._rows.count()

    def merge_log(self) -> None:
        """Every change once; of two rows of one change the later processed_ts wins."""
        self._merge(LOG, self._rows, "change_id", ["processed_ts"])

    def merge_state(self) -> None:
        """Per order its newest row; the version decides, then sequence number, then processed_ts."""
        order = ["version", "sequence_number", "processed_ts"]
        self._merge(STATE, newest(self._rows, ["order_id"], order), "order_id", order)

    def give_receipt(self) -> None:
        """Say which objects are merged, and into which snapshots."""
        receipt = Receipt(self._keys, self._snapshot(LOG), self._snapshot(STATE))
        self.store.write(f"{RECEIPTS}{time.strftime('%Y-%m-%dT%H%M%SZ', time.gmtime())}-{uuid.uuid4()}.json",
                         receipt.text())  # fmt: skip
        self._rows.unpersist()

    def erase(self) -> None:
        """Replace the customer's id in both tables; a row without one stays as it is."""
        for table in (LOG, STATE):
            self.spark.sql(
                f"UPDATE {self._name(table)} SET customer_id = '{ERASED}' "  # noqa: S608 - 64 digits
                f"WHERE sha2(customer_id, 256) = '{self.erase_digest}'"
            )

    def put_together(self) -> None:
        """Rewrite small files of a month as one, in the table's order."""
        for table in (LOG, STATE):
            self.spark.sql(
                f"CALL {CATALOG}.system.rewrite_data_files(table => '{self.database}.{table}', "
                f"strategy => 'sort', options => map('min-input-files', '{SMALL_FILES}'))"
            ).collect()

    def forget_deleted_files(self) -> None:
        """Write manifests anew: those of the last commits name files that are deleted, with their bounds."""
        for table in (LOG, STATE):
            self.spark.sql(
                f"CALL {CATALOG}.system.rewrite_manifests(table => '{self.database}.{table}')"
            ).collect()

    def expire(self) -> None:
        """Forget snapshots older than the retention, and remove files that no snapshot knows.

        After an erasure that is all but the current one, and every such file.
        """
        now = time.time()
        days = 0 if self.erase_digest else self.snapshot_retention_days
        kept = timestamp(now - days * 86400)
        # A file may belong to a commit that is under way elsewhere, hence the days.
        orphaned = now if self.erase_digest else now - ORPHAN_DAYS * 86400
        for table in (LOG, STATE):
            old = f"SELECT 1 FROM {self._name(table)}.snapshots WHERE committed_at < {kept} LIMIT 1"  # noqa: S608
            if self.spark.sql(old).collect():
                self.spark.sql(
                    f"CALL {CATALOG}.system.expire_snapshots(table => '{self.database}.{table}', "
                    f"older_than => {kept}, retain_last => 1)"
                ).collect()
            self._remove_orphans(table, orphaned)

    def _remove_orphans(self, table: str, before: float) -> None:
        """Delete files under the table's folder, written before then, that its metadata does not name."""
        name = self._name(table)
        columns = {
            "metadata_log_entries": "file",
            "snapshots": "manifest_list",
            "all_manifests": "path",
            "all_files": "file_path",
        }
        known = {
            self.store.key(row[0])
            for part, column in columns.items()
            for row in self.spark.sql(f"SELECT {column} FROM {name}.{part}").collect()  # noqa: S608
        }
        # .../order_log/metadata/00003-....metadata.json
        folder = next(key for key in known if key.endswith(".metadata.json")).rsplit("/", 2)[0]
        unknown = [
            key
            for key, written in self.store.keys(f"{folder}/").items()
            if written < before and key not in known and not _hidden(key) and key.rsplit("/", 1)[1] != HINT
        ]
        self.store.delete(unknown)

    def measure(self) -> None:
        """Count the tables' files."""
        for table, metric in ((LOG, "LogFiles"), (STATE, "StateFiles")):
            self.metrics[metric] = self.spark.table(f"{self._name(table)}.files").count()

    def _read(self, paths: list[str]) -> Any:
        """The rows of Parquet objects, in the columns of the tables."""
        from pyspark.sql import functions as f

        # Firehose's timestamps are instants for Spark; the session's time zone is UTC, so nothing shifts.
        declared = ", ".join(f"{name} {kind}" for name, kind in self.columns)
        rows = self.spark.read.schema(declared).parquet(*paths)
        # An object of the former layout has no order_date inside.
        date = f.coalesce(f.col("order_date"), f.date_format("order_ts", "yyyy-MM-dd")).alias("order_date")
        return rows.select(
            *(
                date if name == "order_date" else f.col(name).cast(spark_type(kind)).alias(name)
                for name, kind in self.columns
            )
        )

    def _merge(self, table: str, rows: Any, key: str, order: list[str]) -> None:
        rows.createOrReplaceTempView("merging")
        target, source = (f"struct({', '.join(f'{side}.{name}' for name in order)})" for side in "ts")
        self.spark.sql(
            f"MERGE INTO {self._name(table)} t USING merging s "
            f"ON t.{key} = s.{key} AND t.order_date = s.order_date AND {self._dates(rows)} "
            f"WHEN MATCHED AND {source} > {target} THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
        )

    def _dates(self, rows: Any) -> str:
        """A condition that Iceberg can prune files by: a join alone reads the whole table."""
        dates = sorted(row[0] for row in rows.select("order_date").distinct().collect())
        if len(dates) > MOST_DATES:
            return f"t.order_date BETWEEN '{dates[0]}' AND '{dates[-1]}'"
        listed = ", ".join(f"'{date}'" for date in dates)
        return f"t.order_date IN ({listed})" if dates else "false"

    def _snapshot(self, table: str) -> int | None:
        """The table's current snapshot, None for a table that never held a row."""
        rows = self.spark.sql(
            f"SELECT snapshot_id FROM {self._name(table)}.refs WHERE name = 'main'"  # noqa: S608
        ).collect()
        return int(rows[0][0]) if rows else None

    def _holds(self, table: str, snapshot: int | None) -> bool:
        """Whether the table's history, as it is now, goes through the snapshot."""
        if snapshot is None:
            return True
        ancestors = self.spark.sql(
            f"SELECT snapshot_id FROM {self._name(table)}.history WHERE is_current_ancestor"  # noqa: S608
        ).collect()
        return any(row[0] == snapshot for row in ancestors)

    def _name(self, table: str) -> str:
        return f"{CATALOG}.{self.database}.{table}"


def newest(rows: Any, key: list[str], order: list[str]) -> Any:
    """Of the rows with the same `key` the one that comes last by `order`."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    window = Window.partitionBy(*key).orderBy(*(f.desc(name) for name in order))
    return rows.withColumn("recency", f.row_number().over(window)).where("recency = 1").drop("recency")


def spark_type(kind: str) -> str:
    """Spark's name of a column's type in the catalog. Raises SchemaError for one that the lake has not."""
    if kind.startswith("decimal("):
        return kind
    try:
        return SPARK_TYPES[kind]
    except KeyError:
        raise SchemaError(
            f"a column of type {kind}: the job merges {', '.join(SPARK_TYPES)}, decimal"
        ) from None


def timestamp(seconds: float) -> str:
    """Epoch seconds as Spark writes a timestamp in SQL."""
    return f"TIMESTAMP '{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(seconds))}'"


def digest(text: str) -> str:
    """A SHA-256 as 64 hexadecimal digits, or nothing. Raises ValueError."""
    if text and not (len(text) == 64 and set(text) <= set("0123456789abcdef")):
        raise ValueError(text)
    return text


def publish(metrics: dict[str, float], stack: str) -> None:
    """Hand the metrics to CloudWatch."""
    import boto3

    dimensions: list[Any] = [{"Name": "service", "Value": SERVICE}, {"Name": "stack", "Value": stack}]
    boto3.client("cloudwatch").put_metric_data(
        Namespace=NAMESPACE,
        MetricData=[
            {"MetricName": name, "Value": value, "Dimensions": dimensions} for name, value in metrics.items()
        ],
    )


def declared_columns(database: str) -> list[tuple[str, str]]:
    """The columns of the arrivals as the catalog has them."""
    import boto3

    table = boto3.client("glue").get_table(DatabaseName=database, Name=SOURCE)["Table"]
    return [(column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"]]


def session(settings: Iterable[tuple[str, str]]) -> Any:
    """A Spark session with Iceberg's extensions and `settings`."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("salescast-lake")
    for name, value in settings:
        builder = builder.config(name, value)
    return builder.getOrCreate()


def settings(bucket: str) -> list[tuple[str, str]]:
    """What the job needs of Spark, wherever it runs."""
    return [
        ("spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"),
        (f"spark.sql.catalog.{CATALOG}", "org.apache.iceberg.spark.SparkCatalog"),
        (f"spark.sql.catalog.{CATALOG}.type", "glue"),
        (f"spark.sql.catalog.{CATALOG}.io-impl", "org.apache.iceberg.aws.s3.S3FileIO"),
        (f"spark.sql.catalog.{CATALOG}.warehouse", f"s3://{bucket}/curated/"),
        ("spark.sql.session.timeZone", "UTC"),
        # A folder order_date=2026-11-25 holds text.
        ("spark.sql.sources.partitionColumnTypeInference.enabled", "false"),
    ]


def _hidden(key: str) -> bool:
    return any(part.startswith(("_", ".")) for part in key.split("/"))


def main() -> None:
    """Run once over the tables that the arguments name; Glue adds arguments of its own."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--lake", required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--snapshot_retention_days", type=int, required=True)
    parser.add_argument("--stack", required=True)
    parser.add_argument("--erase", default="", type=digest)
    arguments, _ = parser.parse_known_args()
    job = Job(
        session(settings(arguments.lake)),
        Store(arguments.lake),
        arguments.database,
        declared_columns(arguments.database),
        arguments.snapshot_retention_days,
        erase_digest=arguments.erase,
    )
    job.run()
    publish(job.metrics, arguments.stack)
    print(json.dumps(job.metrics), flush=True)


if __name__ == "__main__":
    main()
