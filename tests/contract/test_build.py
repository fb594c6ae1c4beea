"""`sam build`: packages for the runtime they will run on, and nothing is missing in them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from salescast.laptop import sam as laptop_sam
from salescast.stack.state import State
from tests.template import ROOT, resources

SAM = Path(sys.executable).parent / "sam"
EMULATOR_SITE = next((ROOT / ".venv-emulator" / "lib").glob("python3.*")) / "site-packages"
# What a function finds in Lambda's Python runtime besides its package.
RUNTIME = ["boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py"]
LAMBDA_LIMIT = 262_144_000


def sam(*arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [str(SAM), *arguments],
        cwd=ROOT,
        env={**os.environ, "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "us-east-1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def default_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plain `sam build`, but for the folder."""
    folder = tmp_path_factory.mktemp("default")
    sam("build", "--build-dir", str(folder))
    return folder


@pytest.fixture(scope="module")
def native_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build of laptop stacks, for this interpreter; made already if one was up."""
    state = State(tmp_path_factory.mktemp("native"))
    state.prepare()
    laptop_sam.build(state, laptop_sam.laptop_parameters({}))
    return laptop_sam.BUILD / "build"


@pytest.mark.parametrize("function", resources("AWS::Serverless::Function"))
def test_plain_build_is_for_the_default_runtime(default_build: Path, function: str) -> None:
    package = default_build / function
    libraries = list(package.rglob("*.so"))
    assert libraries
    assert all("cpython-313-aarch64" in library.name for library in libraries if "cpython" in library.name)
    assert all("x86_64" not in library.name for library in libraries)
    assert sum(file.stat().st_size for file in package.rglob("*") if file.is_file()) < LAMBDA_LIMIT
    assert not (package / "boto3").exists()
    assert not (package / "botocore").exists()


@pytest.mark.parametrize("function", resources("AWS::Serverless::Function"))
def test_a_package_lacks_nothing(native_build: Path, tmp_path: Path, function: str) -> None:
    """The handler imports with only its package and what Lambda's runtime brings on the path, and no
    environment.
    """
    for name in RUNTIME:
        (tmp_path / name).symlink_to(EMULATOR_SITE / name)
    module = resources("AWS::Serverless::Function")[function]["Handler"].split(".")[0]
    path = [str(native_build / function), str(tmp_path)]
    script = (
        f"import sys; sys.path[:0] = {path!r}; import {module};"
        "bare = all('site-packages' not in entry for entry in sys.path);"
        "print(bare, callable(__import__(sys.argv[1]).handler))"
    )
    interpreter = shutil.which("python3", path=str(Path(sys.base_prefix) / "bin")) or sys.executable
    done = subprocess.run(
        [interpreter, "-I", "-S", "-c", script, module], env={}, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "True True", done.stderr


def test_neighbours_share_no_module_name() -> None:
    """Tests and mypy see all four folders at once: hence `snapshot_event.py`, not `event.py`."""
    names = [path.name for path in (ROOT / "src").glob("*/*.py")]
    assert len(names) == len(set(names))
