"""The one exception that users see, and how errors read."""

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError


class SalescastError(Exception):
    """What went wrong and what to do about it, in one line. The command prints it and ends with status 1."""


def message(error: Exception) -> str:
    """An error of ours or of boto3 in one line that says what to do."""
    if isinstance(error, EndpointConnectionError):
        return f"{error} Is the stack up? `salescast status` and `salescast up` tell and mend."
    if isinstance(error, ClientError):
        service = f"{error.operation_name}: {error.response['Error'].get('Message') or error}"
        return f"AWS refuses {service}"
    if isinstance(error, BotoCoreError):
        return " ".join(str(error).splitlines())
    return str(error)
