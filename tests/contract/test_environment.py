"""Each function's settings are the variables that the template sets, and those are valid as they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

import generator_environment
import projector_environment
import snapshot_environment
import transformer_environment
from tests.template import template

READ: dict[str, Callable[[Mapping[str, str]], Any]] = {
    "GeneratorFunction": generator_environment.Settings.read,
    "TransformerFunction": transformer_environment.Settings.read,
    "SnapshotFunction": snapshot_environment.Settings.read,
    "ProjectorFunction": projector_environment.Settings.read,
}


class Asked(Mapping[str, str]):
    """Variables that note which of them are asked for."""

    def __init__(self, variables: dict[str, str]) -> None:
        self.variables = variables
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self.variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.variables)

    def __len__(self) -> int:
        return len(self.variables)


def variables(function: str) -> dict[str, str]:
    """The function's variables: literals, defaults of parameters, names of resources and of the stack."""
    own = template()["Resources"][function]["Properties"]["Environment"]["Variables"]
    declared = template()["Globals"]["Function"]["Environment"]["Variables"] | own
    return {
        name: value if isinstance(value, str) else str(default(value["Ref"]))
        for name, value in declared.items()
        if not name.startswith("POWERTOOLS_")
    }


def default(name: str) -> Any:
    if name == "AWS::StackName":
        return "salescast"
    return template()["Parameters"].get(name, {"Default": name})["Default"]


def test_every_function_has_settings() -> None:
    functions = template()["Resources"].items()
    assert set(READ) == {name for name, one in functions if one["Type"] == "AWS::Serverless::Function"}


@pytest.mark.parametrize("function", READ)
def test_settings_are_what_the_template_sets(function: str) -> None:
    asked = Asked(variables(function))
    READ[function](asked)
    assert asked.names == set(asked.variables)


@pytest.mark.parametrize(
    ("function", "name"), [(function, name) for function in READ for name in variables(function)]
)
def test_a_missing_variable_names_itself_and_the_remedy(function: str, name: str) -> None:
    rest = {other: value for other, value in variables(function).items() if other != name}
    if function == "TransformerFunction":  # rows can be made anywhere, with the template's default
        assert READ[function](rest) == READ[function](variables(function))
        return
    for wrong in (rest, rest | {name: ""}):
        with pytest.raises(
            ValueError, match=f"^{name}: the variable is missing; deploy template.yaml"
        ) as caught:
            READ[function](wrong)
        assert type(caught.value).__name__ == "VariableError"


def test_a_wrong_first_order_date_names_itself_and_the_remedy() -> None:
    with pytest.raises(
        transformer_environment.VariableError, match=r"^FIRST_ORDER_DATE: 'soon' .*; give a date"
    ):
        transformer_environment.Settings.read({"FIRST_ORDER_DATE": "soon"})
