"""What decides whether the functions are built again."""

from pathlib import Path

import pytest

from salescast.laptop import sam
from salescast.stack.errors import SalescastError
from salescast.stack.state import State

PARAMETERS = {"PythonRuntime": "python3.11", "Architecture": "x86_64"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one function, whose template no SAM reads."""
    source = tmp_path / "project" / "src" / "generator"
    source.mkdir(parents=True)
    (source / "generator.py").write_text("one")
    (source.parents[1] / "template.yaml").write_text("Resources: none\n")
    monkeypatch.setattr(sam, "PROJECT", source.parents[1])
    monkeypatch.setattr(sam, "BUILD", tmp_path / "laptop")
    monkeypatch.setattr(sam, "BUILT", tmp_path / "laptop" / "built")
    return source.parents[1]


def test_whatever_a_package_is_made_of_makes_another_build(project: Path) -> None:
    source = project / "src" / "generator" / "generator.py"
    seen = [sam._inputs(PARAMETERS)]
    source.write_text("two")
    seen.append(sam._inputs(PARAMETERS))
    source.rename(source.with_name("other.py"))
    seen.append(sam._inputs(PARAMETERS))
    source.with_name("requirements.txt").write_text("numpy==2.0.0\n")
    seen.append(sam._inputs(PARAMETERS))
    (project / "template.yaml").write_text("Resources: others\n")
    seen.append(sam._inputs(PARAMETERS))
    seen.append(sam._inputs(PARAMETERS | {"Architecture": "arm64"}))
    assert len(set(seen)) == len(seen)


def test_bytecode_makes_no_other_build(project: Path) -> None:
    before = sam._inputs(PARAMETERS)
    cache = project / "src" / "generator" / "__pycache__"
    cache.mkdir()
    (cache / "generator.cpython-311.pyc").write_bytes(b"\0")
    assert sam._inputs(PARAMETERS) == before


def test_a_build_that_fails_is_not_taken_for_one(project: Path, tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    state.prepare()
    (sam.BUILD / "build").mkdir(parents=True)
    (sam.BUILD / "build" / "template.yaml").write_text("what an earlier build left")
    sam.BUILT.write_text("an earlier build's inputs")
    with pytest.raises(SalescastError, match="`sam build` failed"):
        sam.build(state, PARAMETERS)
    assert not sam.BUILT.exists()


def test_a_parameter_that_the_template_has_not_is_named(project: Path) -> None:
    (project / "template.yaml").write_text(
        "Parameters:\n  Currency: {Type: String}\n  # Old: gone\n  'Retention': {Type: Number}\n"
        "Resources:\n  Topic:\n    Name: !Sub '${Currency}-x'\n    Keys: !GetAtt [A, B]\n"
    )
    sam.check_parameters(["Currency", "Retention"])
    with pytest.raises(SalescastError, match="no parameter Topic; it has: Currency, Retention"):
        sam.check_parameters(["Topic"])
