"""What DescribePipe and DescribeDeliveryStream tell, and the data movers of MiniStack that we do without.

Gaps closed:
- MiniStack drops a pipe's SourceParameters, TargetParameters and LogConfiguration; here they are kept, typed
  as the API types them (CloudFormation parameters arrive as strings), and told by DescribePipe.
- DescribeDeliveryStream lacks the backup destination and more; here it tells everything that was configured.
- MiniStack delivers Kinesis-sourced Firehose records one by one inside PutRecords, and polls pipes that it
  cannot deliver: both are off, salescast/local/movers/firehose/service.py and pipe.py do that work.
"""

from collections.abc import Callable
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape
from ministack.services import firehose, pipes

from salescast.local.emulator import patching

Json = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]

_PIPE_PARAMETERS = (
    "SourceParameters",
    "TargetParameters",
    "LogConfiguration",
    "Enrichment",
    "EnrichmentParameters",
)
_S3_DEFAULTS: Json = {
    "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300},
    "CompressionFormat": "UNCOMPRESSED",
    "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
    "CloudWatchLoggingOptions": {"Enabled": False},
}


def apply() -> None:
    """Patch MiniStack's Pipes and Firehose."""
    patching.replace(pipes, "_ensure_poller", lambda: None)
    patching.wrap(pipes, "_describe_response", _describe_pipe)
    patching.wrap(pipes, "_create_pipe", _keep_parameters)
    patching.wrap(pipes, "_update_pipe", _keep_parameters)
    patching.replace(firehose, "ingest_from_kinesis_source", _ignore)
    patching.wrap(firehose, "_dest_description", _describe_destination)


def _ignore(*_arguments: Any) -> None:
    """In the place of MiniStack's own delivery."""


def keep_pipe_parameters(name: str, properties: Json) -> None:
    """Keep what MiniStack drops of a pipe's properties, as CreatePipe, UpdatePipe or a template gave them."""
    pipe = pipes._pipes.get(name)
    if pipe is None:
        return
    shape = _service("pipes").shape_for("DescribePipeResponse")
    assert isinstance(shape, StructureShape)
    for key in _PIPE_PARAMETERS:
        if key in properties:
            pipe[key] = _merged(pipe.get(key), typed(properties[key], shape.members[key]))


def forget_pipe_parameters(name: str) -> None:
    """Drop what was kept, because a template's properties replace the earlier ones as a whole."""
    for key in _PIPE_PARAMETERS:
        pipes._pipes.get(name, {}).pop(key, None)


def typed(value: Any, shape: Shape) -> Any:
    """`value` with the types that `shape` of a service model declares, unknown members dropped."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {k: typed(v, shape.members[k]) for k, v in value.items() if k in shape.members}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [typed(v, shape.member) for v in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {k: typed(v, shape.value) for k, v in value.items()}
    if shape.type_name in ("integer", "long") and isinstance(value, str):
        return int(value)
    if shape.type_name == "boolean" and isinstance(value, str):
        return value.lower() == "true"
    return value


def _merged(old: Any, new: Any) -> Any:
    """UpdatePipe cannot name createOnly members such as StartingPosition; they stay as they were."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    kept = {k: v for k, v in old.items() if k in ("StartingPosition", "StartingPositionTimestamp")}
    return {**kept, **{k: _merged(old.get(k), v) for k, v in new.items()}}


def _keep_parameters(original: Callable[[str, Json], Response]) -> Callable[[str, Json], Response]:
    def call(name: str, body: Json) -> Response:
        response = original(name, body)
        if response[0] < 400:
            keep_pipe_parameters(name, body)
        return response

    return call


def _describe_pipe(original: Callable[[Json], Json]) -> Callable[[Json], Json]:
    def describe(pipe: Json) -> Json:
        return {**original(pipe), **{key: pipe[key] for key in _PIPE_PARAMETERS if key in pipe}}

    return describe


def _describe_destination(original: Callable[[Json], Json]) -> Callable[[Json], Json]:
    def describe(destination: Json) -> Json:
        description = original(destination)
        key = "ExtendedS3DestinationDescription"
        if key not in description:
            return description
        config: Json = destination["config"]
        shape = _service("firehose").shape_for(key)
        described = typed({**_S3_DEFAULTS, **config}, shape)
        described.setdefault("S3BackupMode", "Disabled")
        if backup := config.get("S3BackupConfiguration"):
            described["S3BackupDescription"] = typed(
                {**_S3_DEFAULTS, **backup}, _service("firehose").shape_for("S3DestinationDescription")
            )
        return {**description, key: described}

    return describe


_services: dict[str, ServiceModel] = {}


def _service(name: str) -> ServiceModel:
    if name not in _services:
        _services[name] = ServiceModel(Loader().load_service_model(name, "service-2"), name)
    return _services[name]
