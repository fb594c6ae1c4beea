#!/usr/bin/env bash
# Resolves requirements/*.in and src/*/requirements.in to lists for Python 3.11 and later, pinned by version and by the hashes of
# what the registry has: another file under the same name is not installed. One resolution first, so that a function runs with the
# very versions the tests run with. What Lambda's runtime brings (botocore) is left out of packages.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() { .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
  --no-emit-index-url --no-emit-find-links "$@"; }
compile requirements/uv.in -o requirements/uv.txt
compile requirements/project.in -o requirements/project.txt
for part in command dashboard; do
  compile -c requirements/project.txt "requirements/$part.in" -o "requirements/$part.txt"
done
compile requirements/emulator.in -o requirements/emulator.txt
compile -c requirements/project.txt requirements/glue.in -o requirements/glue.txt
compile requirements/clients.in -o requirements/clients.txt
compile -c requirements/emulator.txt requirements/emulator-tools.in -o requirements/emulator-tools.txt \
  --no-emit-package boto3 --no-emit-package botocore --no-emit-package s3transfer --no-emit-package jmespath \
  --no-emit-package python-dateutil --no-emit-package six --no-emit-package urllib3
for list in src/*/requirements.in; do
  compile -c requirements/project.txt --no-emit-package botocore "$list" -o "${list%.in}.txt"
done
