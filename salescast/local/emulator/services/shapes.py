"""Values with the types that a service's own model declares: CloudFormation parameters arrive as strings."""

import functools
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape


@functools.cache
def shape_of(service: str, name: str) -> Shape:
    """The shape `name` of botocore's model of `service`."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service).shape_for(name)


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
