"""Whose code runs: every requirement by its hashes, and under licences that we may use it under."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest

from tests.template import ROOT

LISTS = [*(ROOT / "requirements").glob("*.txt"), *(ROOT / "src").glob("*/requirements.txt")]
# Licences that ask for no more than their text beside the code, and MPL-2.0, which covers its own files.
WORDS = (
    *("MIT", "MIT-0", "MIT-CMU", "BSD", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "Apache", "Apache-2.0"),
    *("ISC", "PSF", "PSF-2.0", "Python-2.0", "CNRI-Python", "MPL-2.0", "Zlib", "CC0-1.0", "Unlicense"),
    "Artistic-1.0",
)
ALLOWED = re.compile(rf"(?:{'|'.join(map(re.escape, WORDS))})").fullmatch
CLASSIFIERS = {
    "Apache Software License": "Apache",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF",
    "The Unlicense (Unlicense)": "Unlicense",
}
# What the metadata does not say, or not in these words, as it stands in the licence file.
READ = {
    "axe-playwright-python": "MIT",
    "cookiecutter": "BSD-3-Clause",
    "protobuf": "BSD-3-Clause",
    "pydeck": "Apache-2.0",
    # Artistic or GPL, as one likes. It comes with aws-sam-cli and is changed by nobody here.
    "text-unidecode": "Artistic-1.0",
}


def licences(distribution: Distribution) -> set[str]:
    """The words of a distribution's licences: all must be allowed, or one of those that OR joins."""
    name = distribution.metadata["Name"].lower()
    if name in READ:
        return {READ[name]}
    for expression in distribution.metadata.get_all("License-Expression") or []:
        return {word for word in re.split(r"[\s()]+", expression) if word not in ("", "AND", "OR", "WITH")}
    named = [
        line.rpartition(" :: ")[2]
        for line in distribution.metadata.get_all("Classifier") or []
        if line.startswith("License ::") and line != "License :: OSI Approved"
    ]
    if named:
        return {CLASSIFIERS.get(text, text) for text in named}
    texts: list[str] = distribution.metadata.get_all("License") or ["nothing said"]
    return {texts[0].strip().splitlines()[0]}


def installed() -> Iterator[Distribution]:
    for environment in (".venv", ".venv-emulator"):
        [site] = (ROOT / environment / "lib").glob("python3.*/site-packages")
        yield from distributions(path=[str(site)])


def test_every_licence_is_one_we_may_use() -> None:
    others = {
        distribution.metadata["Name"]: licences(distribution)
        for distribution in installed()
        if not all(map(ALLOWED, licences(distribution)))
    }
    assert others == {}


@pytest.mark.parametrize("path", LISTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_requirement_has_its_hashes(path: Path) -> None:
    entries = re.split(r"\n(?=\S)", path.read_text().strip())
    assert entries
    assert [entry for entry in entries if "--hash=sha256:" not in entry or "==" not in entry] == []
