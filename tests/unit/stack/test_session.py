"""A session that knows nothing of the user's AWS."""

from pathlib import Path

import pytest
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES, DEFAULT_S3_CONFIG_VARS
from botocore.credentials import Credentials

from salescast.stack.session import isolated_session

VARIABLES = [
    name
    for _key, names, _default, _conversion in [
        *BOTOCORE_DEFAUT_SESSION_VARIABLES.values(),
        *DEFAULT_S3_CONFIG_VARS.values(),
    ]
    for name in ([names] if isinstance(names, str) else names or [])
    if name.startswith("AWS_")
]


def settings(tmp_path: Path) -> dict[str, object]:
    session = isolated_session("us-east-1", lambda: Credentials("key", "secret"))
    client = session.client("s3", endpoint_url="http://127.0.0.1:4566", config=Config(proxies={}))
    options = {name: value for name, value in vars(client.meta.config).items() if "user_agent" not in name}
    return {"endpoint": client.meta.endpoint_url, "region": client.meta.region_name, **options}


def test_no_variable_and_no_file_reaches_a_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    clean = settings(tmp_path)
    file = tmp_path / "config"
    file.write_text(
        "[default]\nregion = eu-west-1\nuse_fips_endpoint = true\naws_access_key_id = FILE\n"
        "max_attempts = 9\ns3 =\n  addressing_style = virtual\n"
    )
    assert len(VARIABLES) > 25
    for name in VARIABLES:
        monkeypatch.setenv(name, "true")
    for name, value in {
        "AWS_CONFIG_FILE": str(file),
        "AWS_SHARED_CREDENTIALS_FILE": str(file),
        "AWS_ENDPOINT_URL": "https://example.com",
        "AWS_ENDPOINT_URL_S3": "https://example.com",
        "AWS_ACCESS_KEY_ID": "REAL",
        "AWS_SECRET_ACCESS_KEY": "REAL",
    }.items():
        monkeypatch.setenv(name, value)
    assert settings(tmp_path) == clean


def test_what_forbids_the_credentials_is_raised_at_once() -> None:
    def refuse() -> Credentials:
        raise PermissionError("no")

    with pytest.raises(PermissionError):
        isolated_session("us-east-1", refuse)
