"""How long a change may take to reach the lake, from the configuration of the deployed stack."""

from salescast.stack.stack import Stack

# With dynamic partitioning the delay may be 1.5 times the interval (docs/aws-behaviour.md 3).
DELAY_FACTOR = 1.5
BUFFER_INTERVAL_DEFAULT = 60.0
DELIVERY_INTERVAL_DEFAULT = 300.0
# Polls, invocations and uploads come on top of the waiting that is configured.
OVERHEAD_SECONDS = 2.0


def delivery_interval(stack: Stack) -> float:
    """Seconds for which Firehose buffers a partition; on the laptop divided by --fast."""
    name = stack.output("DeliveryStream")
    description = stack.firehose.describe_delivery_stream(DeliveryStreamName=name)[
        "DeliveryStreamDescription"
    ]
    destination = description["Destinations"][0].get("ExtendedS3DestinationDescription", {})
    seconds = destination.get("BufferingHints", {}).get("IntervalInSeconds", DELIVERY_INTERVAL_DEFAULT)
    return float(seconds) / stack.fast


def active_seconds(stack: Stack) -> float:
    """Seconds for which a partition that was written to may stay active in Firehose."""
    return DELAY_FACTOR * delivery_interval(stack)


def bound(stack: Stack) -> float:
    """Seconds after which a change is in the lake unless something failed: pipe, transformer, delivery."""
    return active_seconds(stack) + _transformer_buffer(stack) + _pipe_window(stack) + OVERHEAD_SECONDS


def _transformer_buffer(stack: Stack) -> float:
    name = stack.output("DeliveryStream")
    description = stack.firehose.describe_delivery_stream(DeliveryStreamName=name)[
        "DeliveryStreamDescription"
    ]
    destination = description["Destinations"][0].get("ExtendedS3DestinationDescription", {})
    for processor in destination.get("ProcessingConfiguration", {}).get("Processors", []):
        for parameter in processor.get("Parameters", []):
            if parameter["ParameterName"] == "BufferIntervalInSeconds":
                return float(parameter["ParameterValue"])
    return BUFFER_INTERVAL_DEFAULT


def _pipe_window(stack: Stack) -> float:
    pipe = stack.pipes.describe_pipe(Name=stack.resource("AWS::Pipes::Pipe"))
    source = pipe.get("SourceParameters", {}).get("DynamoDBStreamParameters", {})
    return float(source.get("MaximumBatchingWindowInSeconds", 0))
