"""Mappings: the profiles that come along, and those that users write."""

from pathlib import Path
from typing import Any

import pytest

import contract
from salescast.replay import mapping, replay
from salescast.replay.survey import Options, survey
from salescast.stack import money
from salescast.stack.errors import SalescastError
from tests.unit.replay.exports import EXPORTS
from tests.unit.replay.files import write

OWN = """
id: [invoice_id, Position]
zone: Europe/Berlin
dates: day-first
attributes:
  invoice_id: {column: Beleg}
  order_ts: {column: Datum}
  product_id: {column: [Artikel, Artikelnummer]}
  quantity: {column: Menge}
  unit_price: {column: Preis}
  customer_id: {column: Kunde, optional: true}
  country: {constant: Germany}
  status: {column: Zustand, values: {bezahlt: PLACED, versandt: SHIPPED}}
  channel: {constant: STORE}
  currency: {constant: EUR}
"""
FILE = "Beleg;Position;Datum;Artikelnummer;Menge;Preis;Zustand\n7;1;05.07.2024 10:00;T;2;1,50;Bezahlt\n"


def orders(
    folder: Path, content: str, options: Options | None = None, encoding: str = "utf-8"
) -> list[dict[str, Any]]:
    surveyed = survey(write(folder / "orders.csv", content, encoding), options or Options())
    rehearsal = replay.rehearse(surveyed)
    assert list(rehearsal.problems) == []
    return rehearsal.examples


@pytest.mark.parametrize("name", EXPORTS)
def test_a_profile_is_found_and_adds_up_to_the_cent(tmp_path: Path, name: str) -> None:
    content, amount = EXPORTS[name]
    surveyed = survey(write(tmp_path / "orders.csv", content, "cp1252"))
    rehearsal = replay.rehearse(surveyed)
    assert surveyed.mapping.name == name
    assert list(rehearsal.problems) == []
    assert money.shortest(rehearsal.amount) == amount


def test_a_mapping_knows_the_attributes_of_the_contract() -> None:
    of_writing = {"order_id", "version", "updated_ts", "test", "entity", "expires_at"}
    assert {*mapping.REQUIRED, *mapping.OPTIONAL} == (contract.KNOWN - of_writing) | {"amount"}
    assert {*mapping.REQUIRED, "unit_price"} == contract.REQUIRED - of_writing


def test_every_profile_has_an_export() -> None:
    assert {profile.name for profile in mapping.profiles()} == set(EXPORTS)
    assert {path.stem for path in mapping.PROFILES.glob("*.yaml")} == set(EXPORTS)


def test_shopify(tmp_path: Path) -> None:
    first, second, refunded = orders(tmp_path, EXPORTS["shopify"][0])
    assert first["order_id"] == "#1001-FERN-1-1"
    assert (first["status"], first["country"], first["channel"]) == ("PLACED", "US", "WEB")
    assert (first["discount"], first["promotion"]) == ("5", "FALL5")
    assert "@" not in str(first)
    assert second["order_id"] == "#1001-Tote Bag-1"
    assert "discount" not in second
    shared = ("order_ts", "currency", "country", "status", "customer_id")
    assert [second[name] for name in shared] == [first[name] for name in shared]
    assert first["order_ts"] == "2024-09-03T14:14:00.000Z"
    assert (refunded["status"], refunded["channel"], refunded["country"]) == ("RETURNED", "STORE", "NA")


def test_woocommerce(tmp_path: Path) -> None:
    first, second, guest = orders(tmp_path, EXPORTS["woocommerce"][0])
    assert (first["order_id"], first["quantity"], first["unit_price"]) == ("501-TEA-1", "3", "3.3333")
    assert first["discount"] == "-0.0001"
    assert (first["country"], first["customer_id"], first["status"]) == ("AT", "12", "DELIVERED")
    assert (second["product_id"], second["unit_price"]) == ("78", "7.5")
    assert (guest["country"], guest["status"]) == ("NA", "PLACED")
    assert guest["customer_id"] not in ("0", "bo@example.com")


def test_kaggle_sales(tmp_path: Path) -> None:
    shipped, cancelled, cut = orders(tmp_path, EXPORTS["kaggle-sales"][0], encoding="cp1252")
    assert (shipped["order_id"], shipped["status"]) == ("20107-2-1", "SHIPPED")
    assert "discount" not in shipped
    assert (cancelled["status"], cancelled["order_ts"]) == ("CANCELLED", "2013-05-07T00:00:00.000Z")
    assert cut["discount"] == "-305.27"
    assert "Caf\u00e9" not in str(cancelled)


def test_a_mapping_of_ones_own(tmp_path: Path) -> None:
    path = write(tmp_path / "shop.yaml", OWN)
    (order,) = orders(tmp_path, FILE, Options(mapping=str(path)))
    assert order == {
        "order_id": "7-1-1",
        "invoice_id": "7",
        "order_ts": "2024-07-05T08:00:00.000Z",
        "product_id": "T",
        "quantity": "2",
        "unit_price": "1.5",
        "country": "Germany",
        "status": "PLACED",
        "channel": "STORE",
        "currency": "EUR",
    }


def test_a_word_that_the_mapping_does_not_know_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "shop.yaml", OWN)
    surveyed = survey(write(tmp_path / "a.csv", FILE.replace("Bezahlt", "offen")), Options(mapping=str(path)))
    (problem,) = replay.rehearse(surveyed).problems
    assert (problem.column, problem.lines, problem.texts) == ("Zustand", [2], ["offen"])


def test_only_options(tmp_path: Path) -> None:
    options = Options(
        columns={
            "invoice_id": "Beleg",
            "order_ts": "Datum",
            "product_id": "Artikelnummer",
            "quantity": "Menge",
        }
        | {"unit_price": "Preis"},
        constants={"currency": "EUR", "country": "Germany", "status": "PLACED"},
    )
    (order,) = orders(tmp_path, FILE, options)
    assert (order["order_id"], order["unit_price"]) == ("7-T-1", "1.5")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "  invoice_id: {column: Beleg}",
            "  invoice: {column: Beleg}",
            "no attribute invoice; is it invoice_id",
        ),
        ("{constant: EUR}", "{constant: euro}", "'euro' is no ISO 4217 code"),
        ("{constant: STORE}", "{constant: SHOP}", "'SHOP' is none of WEB"),
        ("bezahlt: PLACED", "bezahlt: PAID", "'PAID' is none of PLACED"),
        ("{constant: Germany}", "{}", "country needs either a column or a constant"),
        ("  currency: {constant: EUR}", "", "where currency comes from"),
        ("  unit_price: {column: Preis}", "", "where unit_price comes from, nor amount"),
        ("Europe/Berlin", "Europe/Bonn", "no time zone Europe/Bonn"),
        ("day-first", "european", "european"),
        ("{column: Menge}", "{col: Menge}", "quantity: Object contains unknown field `col`"),
        ("id: [invoice_id, Position]", "id: []", "id names no"),
        ("attributes:", "attributes: [", "is no YAML"),
    ],
)
def test_a_mapping_that_is_wrong_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in OWN
    path = write(tmp_path / "shop.yaml", OWN.replace(old, new))
    with pytest.raises(SalescastError, match=message):
        mapping.load(path)


def test_a_mapping_that_does_not_fit(tmp_path: Path) -> None:
    path = write(tmp_path / "shop.yaml", OWN)
    file = write(tmp_path / "a.csv", FILE.replace("Position", "Pos").replace("Datum", "Tag"))
    with pytest.raises(SalescastError, match=r"no columns Datum, Position .is it Pos"):
        survey(file, Options(mapping=str(path)))
    with pytest.raises(SalescastError, match=r"no mapping tea.*online-retail"):
        survey(file, Options(mapping="tea"))
