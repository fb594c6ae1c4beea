"""How long a change may take to reach the lake, from the configuration of the deployed stack."""

from collections.abc import Mapping
from typing import Any

from salescast.stack.stack import Stack

# "End-to-end delay might be 1.5 times the buffering interval" (docs/aws-behaviour.md 3).
DELAY_FACTOR = 1.5
BUFFER_INTERVAL_DEFAULT = 60.0
DELIVERY_INTERVAL_DEFAULT = 300.0
# Polls, invocations and uploads come on top of the waiting that is configured.
OVERHEAD_SECONDS = 2.0


def delivery_interval(stack: Stack) -> float:
    """Seconds for which Firehose buffers rows; on the laptop divided by --fast."""
    return _interval(_destination(stack)) / stack.fast


def bound(stack: Stack) -> float:
    """Seconds after which a change is in the lake unless something failed: pipe, transformer, delivery."""
    destination = _destination(stack)
    delivery = DELAY_FACTOR * _interval(destination) / stack.fast
    return delivery + _transformer_buffer(destination) + _pipe_window(stack) + OVERHEAD_SECONDS


def _destination(stack: Stack) -> Mapping[str, Any]:
    answer = stack.firehose.describe_delivery_stream(DeliveryStreamName=stack.output("DeliveryStream"))
    return answer["DeliveryStreamDescription"]["Destinations"][0].get("ExtendedS3DestinationDescription", {})


def _interval(destination: Mapping[str, Any]) -> float:
    return float(destination.get("BufferingHints", {}).get("IntervalInSeconds", DELIVERY_INTERVAL_DEFAULT))


def _transformer_buffer(destination: Mapping[str, Any]) -> float:
    for processor in destination.get("ProcessingConfiguration", {}).get("Processors", []):
        for parameter in processor.get("Parameters", []):
            if parameter["ParameterName"] == "BufferIntervalInSeconds":
                return float(parameter["ParameterValue"])
    return BUFFER_INTERVAL_DEFAULT


def _pipe_window(stack: Stack) -> float:
    pipe = stack.pipes.describe_pipe(Name=stack.resource("AWS::Pipes::Pipe"))
    source = pipe.get("SourceParameters", {}).get("DynamoDBStreamParameters", {})
    return float(source.get("MaximumBatchingWindowInSeconds", 0))
