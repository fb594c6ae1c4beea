from datetime import UTC, datetime

import pytest

from salescast.local.emulator.athena.partition_projection import (
    ProjectionError,
    enabled,
    location_pattern,
    membership,
)

NOW = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)


def dates(range_: str, layout: str = "yyyy-MM-dd", **more: str) -> dict[str, str]:
    parameters = {"projection.dt.type": "date", "projection.dt.format": layout, "projection.dt.range": range_}
    return parameters | {f"projection.dt.{name.replace('_', '.')}": value for name, value in more.items()}


@pytest.mark.parametrize(
    ("value", "inside"),
    [
        ("2024-01-01", True),
        ("2023-12-31", False),
        ("2026-11-20", True),
        ("2026-11-21", True),
        ("2026-11-22", False),
        ("2026-11-5", False),
        ("20261105", False),
        ("nonsense", False),
    ],
)
def test_daily_range_up_to_tomorrow(value: str, inside: bool) -> None:
    assert membership(dates("2024-01-01,NOW+1DAY"), "dt", NOW)(value) is inside


@pytest.mark.parametrize(
    ("parameters", "inside", "outside"),
    [
        (dates("NOW-2MONTHS,NOW"), "2026-09-21", "2026-09-19"),
        (dates("2026-01-01,NOW", interval="7"), "2026-01-08", "2026-01-09"),
        (dates("2026-01,NOW", "yyyy-MM"), "2026-11", "2025-12"),
        (dates("2020,NOW", "yyyy", interval="2"), "2022", "2023"),
        (dates("2026/11/20/00,NOW", "yyyy/MM/dd/HH"), "2026/11/20/22", "2026/11/20/23"),
        ({"projection.dt.type": "enum", "projection.dt.values": "DE, UK"}, "UK", "FR"),
        (
            {"projection.dt.type": "integer", "projection.dt.range": "1,12", "projection.dt.digits": "2"},
            "07",
            "7",
        ),
    ],
)
def test_other_projections(parameters: dict[str, str], inside: str, outside: str) -> None:
    contains = membership(parameters, "dt", NOW)
    assert contains(inside)
    assert not contains(outside)


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({}, "no property projection.dt.type"),
        (dates("2024-01-01"), "two values"),
        (dates("yesterday,NOW"), "projection.dt.range"),
        (dates("2024-01-01,NOW", interval_unit="FORTNIGHTS"), "not a unit of time"),
        ({"projection.dt.type": "injected"}, "only date, enum and integer"),
        ({"projection.dt.type": "integer", "projection.dt.range": "a,b"}, "projection.dt"),
    ],
)
def test_properties_that_make_no_sense(parameters: dict[str, str], complaint: str) -> None:
    with pytest.raises(ProjectionError, match=complaint):
        membership(parameters, "dt", NOW)


def test_location_template_and_hive_layout() -> None:
    template = {"storage.location.template": "s3://lake/by/${dt}/of/${country}/"}
    match = location_pattern(template, "s3://unused/", ["dt", "country"]).match(
        "s3://lake/by/2026-01-01/of/DE/a/b.parquet"
    )
    assert match is not None
    assert match.groups() == ("2026-01-01", "DE")
    hive = location_pattern({}, "s3://lake/t", ["dt"])
    assert hive.match("s3://lake/t/dt=2026-01-01/x.parquet")
    assert not hive.match("s3://lake/t/2026-01-01/x.parquet")


@pytest.mark.parametrize("template", ["s3://lake/t/", "s3://lake/t/${dt}"])
def test_location_template_must_name_every_key_and_end_with_a_slash(template: str) -> None:
    with pytest.raises(ProjectionError, match="must end with /"):
        location_pattern({"storage.location.template": template}, "s3://lake/t/", ["dt"])


def test_enabled() -> None:
    assert enabled({"projection.enabled": "TRUE"})
    assert not enabled({})
