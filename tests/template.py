"""template.yaml as data: its resources, columns and parameters, with CloudFormation's short tags read as
plain mappings.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]


class _Loader(yaml.CSafeLoader):
    """SafeLoader that knows !Ref, !Sub, !GetAtt and the rest."""


def _tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _tag)


@cache
def template() -> dict[str, Any]:
    text = (ROOT / "template.yaml").read_text()
    loaded: dict[str, Any] = yaml.load(text, _Loader)  # _Loader is a SafeLoader
    return loaded


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """Logical id -> Properties of the resources of one type."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template()["Resources"].items()
        if resource["Type"] == kind
    }


def tables() -> dict[str, dict[str, Any]]:
    """Logical id -> TableInput of the Glue tables and views.

    An Iceberg table has none; it gets what Glue makes of its declaration: columns with Hive's types.
    """
    return {
        logical_id: properties.get("TableInput") or _of_iceberg(properties)
        for logical_id, properties in resources("AWS::Glue::Table").items()
    }


def table(name: str) -> dict[str, Any]:
    """TableInput of the Glue table or view called ``name``."""
    return next(described for described in tables().values() if described["Name"] == name)


def iceberg(name: str) -> dict[str, Any]:
    """IcebergTableInput of the Iceberg table called ``name``."""
    for properties in resources("AWS::Glue::Table").values():
        if properties.get("Name") == name:
            declared: dict[str, Any] = properties["OpenTableFormatInput"]["IcebergInput"]["IcebergTableInput"]
            return declared
    raise KeyError(name)


def _of_iceberg(properties: dict[str, Any]) -> dict[str, Any]:
    fields = iceberg(properties["Name"])["Schema"]["Fields"]
    return {
        "Name": properties["Name"],
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [],
        "Parameters": {"classification": "parquet"},
        "StorageDescriptor": {"Columns": [{"Name": f["Name"], "Type": f["Type"]} for f in fields]},
    }


def columns(name: str) -> dict[str, str]:
    """Column -> Hive type of a Glue table, without its partition keys."""
    return {column["Name"]: column["Type"] for column in table(name)["StorageDescriptor"]["Columns"]}


def view(name: str) -> dict[str, Any]:
    """The Presto description of a view, with the statement as it is deployed."""
    (base64,) = (part for part in table(name)["ViewOriginalText"]["Fn::Join"][1] if isinstance(part, dict))
    text, variables = base64["Fn::Base64"]["Fn::Sub"]
    for variable, value in {**variables, "Database": "salescast"}.items():
        text = text.replace(f"${{{variable}}}", value)
    described: dict[str, Any] = json.loads(text)
    return described
