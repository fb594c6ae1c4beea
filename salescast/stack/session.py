"""Sessions that know nothing of the user's AWS: neither environment variables nor configuration files."""

import os
import secrets
from collections.abc import Callable

import boto3
import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES, ConstantProvider
from botocore.credentials import CredentialProvider, CredentialResolver, Credentials

# The key of a laptop stack's root, which is the account's id; its secret is the stack's own (Record.secret).
ROOT_KEY = "000000000000"
# The variable by which `up` hands the secret to the emulator and the stand-ins.
SECRET_VARIABLE = "SALESCAST_SECRET"  # noqa: S105, a name


def new_secret() -> str:
    """A secret for the root of a new laptop stack."""
    return secrets.token_urlsafe(30)


def root_session(secret: str, region: str) -> boto3.Session:
    """A session of a laptop stack's root."""
    return isolated_session(region, lambda: Credentials(ROOT_KEY, secret, method="root"))


def signature(session: boto3.Session, method: str, url: str, body: bytes = b"") -> dict[str, str]:
    """The headers that sign a request to the emulator itself, which is no service of AWS's."""
    request = AWSRequest(method, url, {}, body)
    credentials = session.get_credentials()
    assert credentials is not None, "a root's session has its key"
    SigV4Auth(credentials, "salescast", session.region_name).add_auth(request)
    return dict(request.headers)


def isolated_session(region: str, load: Callable[[], Credentials]) -> boto3.Session:
    """A session with these credentials and botocore's defaults. `load` is called once, here.

    Its clients need an `endpoint_url` of their own: botocore looks for AWS_ENDPOINT_URL where there is none.
    """
    # Every variable of botocore without its environment variable, and no files.
    variables = {
        name: (key, None, default, conversion)
        for name, (key, _environment, default, conversion) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
    }
    variables["config_file"] = (None, None, os.devnull, None)
    variables["credentials_file"] = (None, None, os.devnull, None)
    core = botocore.session.Session(session_vars=variables)
    # S3's variables (AWS_S3_USE_ARN_REGION) stand apart from the session's.
    core.get_component("config_store").set_config_provider("s3", ConstantProvider({}))
    core.register_component("credential_provider", CredentialResolver([_Provider(load)]))
    core.get_credentials()  # now, so that a refusal is raised here and not at the first call
    return boto3.Session(botocore_session=core, region_name=region)


class _Provider(CredentialProvider):
    METHOD = "salescast"
    CANONICAL_NAME = "salescast"

    def __init__(self, load: Callable[[], Credentials]) -> None:
        super().__init__()
        self._load = load

    def load(self) -> Credentials:
        return self._load()
