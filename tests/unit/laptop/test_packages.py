"""Functions as archives: the same files make the same archive, and the template points to it."""

from pathlib import Path
from zipfile import ZipFile

from salescast.laptop import packages

TEMPLATE = """Resources:
  OneFunction:
    Properties:
      CodeUri: OneFunction
  Job:
    Properties:
      Command: {ScriptLocation: jobs/lake.py}
"""


def build(folder: Path) -> Path:
    (folder / "OneFunction" / "models").mkdir(parents=True)
    (folder / "OneFunction" / "one.py").write_text("one")
    (folder / "OneFunction" / "models" / "two.py").write_text("two")
    (folder / "template.yaml").write_text(TEMPLATE)
    packages.pack(folder)
    return folder


def test_the_template_points_to_the_archive_of_all_files(tmp_path: Path) -> None:
    built = build(tmp_path)
    assert (built / "template.yaml").read_text() == TEMPLATE.replace(
        "CodeUri: OneFunction", "CodeUri: OneFunction.zip"
    )
    with ZipFile(built / "OneFunction.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "one.py": b"one",
            "models/two.py": b"two",
        }
        assert all(entry.external_attr >> 16 == 0o755 for entry in archive.infolist())


def test_the_same_files_make_the_same_archive(tmp_path: Path) -> None:
    first, second = build(tmp_path / "first"), build(tmp_path / "second")
    assert (first / "OneFunction.zip").read_bytes() == (second / "OneFunction.zip").read_bytes()


def test_what_is_packed_stays(tmp_path: Path) -> None:
    built = build(tmp_path)
    before = (built / "template.yaml").read_text()
    packages.pack(built)
    assert (built / "template.yaml").read_text() == before
