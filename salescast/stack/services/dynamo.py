"""DynamoDB's own JSON in and out, for bulk reads and writes.

botocore walks every attribute of every item through its service model, both ways; for 250,000 orders that is
most of the work. Here a request body is bytes that are ready, and an answer stays bytes: botocore's events
hand them past its serializer and parser. Endpoints, signing, connections and retries are botocore's, at 1 ms
of processor time a request more than a bare HTTP client's.
"""

from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import OperationModel

from salescast.stack.errors import SalescastError
from salescast.stack.retry import ATTEMPTS
from salescast.stack.stack import Stack

# What the rules for endpoints ask of these requests' parameters, which are in the body.
_EMPTY: dict[str, dict[str, Any]] = {
    "BatchGetItem": {"RequestItems": {}},
    "TransactWriteItems": {"TransactItems": []},
}


class DynamoDBError(SalescastError):
    """DynamoDB refused a request: its error code and the body of its answer."""

    def __init__(self, code: str, body: dict[str, Any]) -> None:
        super().__init__(f"DynamoDB: {code}: {body.get('message') or body.get('Message') or ''}")
        self.code = code
        self.body = body


class DynamoDB:
    """The table's service, spoken to in bytes. Safe to use from several threads."""

    def __init__(self, stack: Stack) -> None:
        raw = Config(parameter_validation=False, retries={"mode": "standard", "total_max_attempts": ATTEMPTS})
        client: Any = stack.session.client(
            "dynamodb", endpoint_url=stack.endpoint, config=stack.config.merge(raw)
        )
        client.meta.events.register("provide-client-params.dynamodb", _take_body)
        client.meta.events.register("before-call.dynamodb", _send_body)
        client.meta.events.register("before-parse.dynamodb", _keep_body)
        self._calls = {
            operation: getattr(client, method)
            for method, operation in client.meta.method_to_api_mapping.items()
        }

    def call(self, operation: str, body: bytes) -> bytes:
        """Send a request of DynamoDB's JSON protocol and return the answer's body.

        botocore repeats it after connection errors, throttling and server errors, so it must be one that may
        be repeated. Raises DynamoDBError for every other refusal, and after the last attempt.
        """
        try:
            answer: bytes = self._calls[operation](Body=body)["Body"]
        except ClientError as error:
            details = error.response["Error"]
            raise DynamoDBError(
                details["Code"], {**error.response, "message": details.get("Message", "")}
            ) from error
        return answer


def _take_body(
    params: dict[str, Any], model: OperationModel, context: dict[str, Any], **_: Any
) -> dict[str, Any]:
    context["body"] = params["Body"]
    return _EMPTY.get(model.name, {})


def _send_body(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    params["body"] = context["body"]


def _keep_body(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    if response_dict["status_code"] < 300:
        customized_response_dict["Body"] = response_dict["body"]
        response_dict["body"] = b"{}"
