"""Java's date patterns in strftime's letters."""

import pytest

from salescast.local.emulator.athena.java_dates import to_duckdb, to_python


@pytest.mark.parametrize(
    ("pattern", "python"),
    [
        ("yyyy-MM-dd", "%Y-%m-%d"),
        ("yyyy/MM/dd/HH", "%Y/%m/%d/%H"),
        ("yyyy-MM-dd'T'HH:mm:ss", "%Y-%m-%dT%H:%M:%S"),
        ("'dd' dd ''", "dd %d '"),
        ("100% 'of 100%'", "100%% of 100%%"),
        ("yyyy-EEE", "%Y-EEE"),
    ],
)
def test_python(pattern: str, python: str) -> None:
    assert to_python(pattern) == python


def test_duckdb_knows_days_and_milliseconds() -> None:
    assert to_duckdb("EEEE, EEE dd HH:mm:ss.SSS") == "%A, %a %d %H:%M:%S.%g"
