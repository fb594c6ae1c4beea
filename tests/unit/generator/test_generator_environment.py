"""Settings: what is read, and what is said about a variable that is wrong."""

import datetime as dt

import pytest

from generator_environment import Settings, VariableError

VARIABLES = {
    "ORDERS_TABLE": "orders",
    "INVENTORY_TABLE": "inventory",
    "STACK_NAME": "salescast",
    "GENERATOR_SEED": "42",
    "ORDERS_PER_HOUR": "120",
    "MAX_EVENT_AGE_SECONDS": "3600",
    "FIRST_ORDER_DATE": "2024-01-01",
}


def test_settings() -> None:
    settings = Settings.read(VARIABLES)
    assert settings.seed == 42
    assert settings.max_event_age == dt.timedelta(hours=1)
    assert settings.first_order_date == dt.date(2024, 1, 1)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("GENERATOR_SEED", "x", "GENERATOR_SEED: 'x' is not valid"),
        ("ORDERS_PER_HOUR", "0", "ORDERS_PER_HOUR: must be above 0"),
        ("ORDERS_PER_HOUR", "nan", "ORDERS_PER_HOUR: must be above 0"),
        ("MAX_EVENT_AGE_SECONDS", "6300", "MAX_EVENT_AGE_SECONDS: must be below 6300"),
        ("FIRST_ORDER_DATE", "2024", "FIRST_ORDER_DATE: '2024' is not valid"),
    ],
)
def test_wrong_settings_are_named(name: str, value: str, message: str) -> None:
    with pytest.raises(VariableError, match=message):
        Settings.read({**VARIABLES, name: value})
