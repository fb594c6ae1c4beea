"""The raw JSON of an AWS answer, for the calls that carry many records.

botocore's parser walks an answer value by value along the service model: about 100 us for a change of an
order with two images, more than everything else a stand-in does with it. Its documented `before-parse` event
lets the answer be read with one `orjson.loads` instead; timestamps stay numbers and blobs stay base64 text,
which is what stand-ins and `salescast redrive` hand on anyway.
"""

from __future__ import annotations

from typing import Any

import orjson


def keep_raw(client: Any, operation: str) -> None:
    """Makes `operation` of this client answer with the JSON of the response, not botocore's parsed form."""
    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"before-parse.{service}.{operation}", _raw)


def _raw(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    if response_dict["status_code"] < 300:
        customized_response_dict.update(orjson.loads(response_dict["body"]))
        response_dict["body"] = b"{}"
