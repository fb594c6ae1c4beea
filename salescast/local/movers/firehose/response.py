"""The function's response, record by record.

Keeps (docs/aws-behaviour.md 2.2, 2.4): every record of the batch gets exactly one verdict. A record fails
alone when it is missing, answered twice, marked ProcessingFailed, or Ok without data; an unknown record id is
ignored; a body that is not JSON, an illegal result and data that is not base64 fail the whole batch. Nothing
of this is retried.

AWS's codes and messages where they are known; Lambda.InvalidReturnFormat's for an illegal result and for bad
base64 are ours.
"""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64
from enum import StrEnum
from typing import Any, NamedTuple

import orjson

from salescast.local.movers.firehose.batch import Source

MAX_RESPONSE = 6 * 1024 * 1024

_MESSAGES = {
    "Lambda.MissingRecordId": "One or more record Ids were not returned. Ensure that the Lambda function "
    "returns all received record Ids.",
    "Lambda.DuplicatedRecordId": "Multiple records were returned with the same record Id. Ensure that the "
    "Lambda function returns a unique record Id for each record.",
    "Lambda.ProcessingFailedStatus": "ProcessingFailed status set for record",
    "Lambda.JsonProcessingException": "Error parsing returned records from the Lambda function. Ensure that "
    "the returned records follow the status model required by Amazon Data Firehose.",
}
_NO_DATA = (
    "The data field cannot be null when the SourceType is DirectPut or KinesisStreamAsSource and "
    "processing result is Ok. The value field cannot be null when the SourceType is MSKAsSource and "
    "processing result is Ok."
)
_ILLEGAL_RESULT = "The result field must be one of Ok, Dropped or ProcessingFailed."
_BAD_DATA = "The data field must be base64 encoded."


class Result(StrEnum):
    """What the function may say of a record."""

    OK = "Ok"
    DROPPED = "Dropped"
    FAILED = "ProcessingFailed"


class Accepted(NamedTuple):
    """A record to deliver: its source and the returned data."""

    source: Source
    data: bytes


class Rejected(NamedTuple):
    """A record for the error output."""

    source: Source
    code: str
    message: str


class BatchError(ValueError):
    """The whole batch fails."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def verdicts(sources: list[Source], body: bytes) -> tuple[list[Accepted], list[Rejected]]:
    """What becomes of each record; one in neither list was dropped. Raises BatchError."""
    answers, twice = _answers(body)
    accepted: list[Accepted] = []
    rejected: list[Rejected] = []
    for source in sources:
        record_id = source.sequence_number
        answer = answers.get(record_id)
        if record_id in twice:
            rejected.append(_rejected(source, "Lambda.DuplicatedRecordId"))
            continue
        if answer is None:
            rejected.append(_rejected(source, "Lambda.MissingRecordId"))
            continue
        result = answer.get("result")
        if result == Result.OK:
            data = answer.get("data")
            if not isinstance(data, str):
                rejected.append(Rejected(source, "Lambda.InvalidReturnFormat", _NO_DATA))
                continue
            try:
                decoded = a2b_base64(data, strict_mode=True)
            except (Base64Error, ValueError):
                raise BatchError("Lambda.InvalidReturnFormat", _BAD_DATA) from None
            accepted.append(Accepted(source, decoded))
        elif result == Result.FAILED:
            rejected.append(_rejected(source, "Lambda.ProcessingFailedStatus"))
        elif result != Result.DROPPED:
            raise BatchError("Lambda.InvalidReturnFormat", _ILLEGAL_RESULT)
    return accepted, rejected


def _answers(body: bytes) -> tuple[dict[str, dict[str, Any]], set[str]]:
    try:
        response = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BatchError(
            "Lambda.JsonProcessingException", _MESSAGES["Lambda.JsonProcessingException"]
        ) from None
    records = response.get("records") if isinstance(response, dict) else None
    answers: dict[str, dict[str, Any]] = {}
    twice: set[str] = set()
    for record in records if isinstance(records, list) else []:
        record_id = record.get("recordId") if isinstance(record, dict) else None
        if not isinstance(record_id, str):
            continue
        if record_id in answers:
            twice.add(record_id)
        answers[record_id] = record
    return answers, twice


def _rejected(source: Source, code: str) -> Rejected:
    return Rejected(source, code, _MESSAGES[code])
