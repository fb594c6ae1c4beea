"""Firehose's transformer: a batch of changes in, a batch of rows out.

The contract with Firehose (docs/architecture.md): every recordId once and in order, each with a result.

* Ok: the row as a JSON object; of a shop's own table (`mapping`) one for each line of the item, one after
  another.
* Dropped: not for the lake (a test order, an item that is no order); counted by reason.
* ProcessingFailed: the change breaks its contract; the reason is in the log, and Firehose keeps the record
  under errors/.

One bad record never hurts another, so nothing a record holds makes this function raise.
"""

from __future__ import annotations

from typing import Any

import pybase64
from aws_lambda_powertools import Logger, Metrics
from msgspec.json import Encoder

from batch_metrics import Batch
from change import Dropped, read
from contract import ChangeError
from mapping import Mapping, declared
from moment import Moment
from transformer_environment import environment

# Lambda lets a response be 6 MB (6,291,556 bytes). What one record adds besides its data: names, quotes,
# spaces and result.
RESPONSE_LIMIT = 6_000_000
OVERHEAD = 160

_encode = Encoder().encode
logger = Logger(service="transformer")
metrics = Metrics(namespace="Salescast", service="transformer")


class EventError(ValueError):
    """An event that is no batch of Firehose: the field that is wrong, and the remedy, in one line."""


def handler(event: Any, context: Any) -> dict[str, Any]:  # noqa: ARG001
    """Answers a Firehose transformation event, ``{"records": [{"recordId", "data"}, ...]}``, with its
    rows. Raises VariableError, EventError, MappingError.
    """
    settings = environment()
    batch = Batch(Moment(settings))
    records = event.get("records") if isinstance(event, dict) else None
    if not isinstance(records, list):  # by hand: a model of every record would cost more than its row
        raise EventError("records: must be a list; send an event such as events/transformer/mixed.json")
    response = transform(records, batch, declared())
    try:
        batch.publish(logger, metrics, settings.stack)
    except Exception:  # rows that were made are delivered, whatever becomes of their counts
        logger.exception("metrics were not written")
    return {"records": response}


def transform(
    records: list[dict[str, Any]], batch: Batch, mapping: Mapping | None = None
) -> list[dict[str, Any]]:
    """One answer for each record, in order; counts what became of them in ``batch``."""
    answers: list[dict[str, Any]] = []
    moment = batch.moment
    room = RESPONSE_LIMIT - sum(len(record["recordId"]) + OVERHEAD for record in records)
    for record in records:
        record_id = record["recordId"]
        try:
            change = pybase64.b64decode(record["data"], validate=True)
            readings = mapping.read(change, moment) if mapping else [read(change, moment)]
            data = pybase64.b64encode_as_string(b"".join([_encode(reading.row) for reading in readings]))
            if len(data) > room:
                raise ChangeError("response: would exceed 6 MB; deliver the change again in a smaller batch")
        except Dropped as dropped:
            answers.append({"recordId": record_id, "result": "Dropped"})
            batch.count_dropped(dropped.args[0])
        except ChangeError as error:
            answers.append({"recordId": record_id, "result": "ProcessingFailed"})
            batch.count_failed(record_id, str(error))
        except Exception:  # whatever a record holds, the others of its batch must be delivered
            answers.append({"recordId": record_id, "result": "ProcessingFailed"})
            batch.count_failed(record_id, "data: must be a JSON object in base64")
        else:
            room -= len(data)
            answers.append({"recordId": record_id, "result": "Ok", "data": data})
            for reading in readings:
                batch.count_row(reading)
    return answers
