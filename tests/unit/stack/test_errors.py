"""Errors of others, as users read them."""

from botocore.exceptions import ParamValidationError

from salescast.stack import errors


def test_a_message_of_botocores_is_one_line() -> None:
    refused = ParamValidationError(report="Invalid length for parameter QueryString,\nvalid min length: 1")
    assert errors.message(refused).endswith("QueryString, valid min length: 1")
