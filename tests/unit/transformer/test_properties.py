"""Whatever comes in: every recordId once and in order, no exception, and Ok only for rows that are right.

`make test` runs 5,000 mutated changes and Hypothesis' default number of examples; `make fuzz` sets
SALESCAST_FUZZ to 100,000. A failure names the seed, and SALESCAST_SEED repeats it.
"""

from __future__ import annotations

import base64
import json
import os
import random
from decimal import Decimal
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

import transformer
from batch_metrics import Batch
from change import to_row
from moment import Moment
from tests.unit.transformer.mutation import mutate
from tests.unit.transformer.rows import all_changes, assert_valid, change
from transformer_environment import Settings

FUZZ = int(os.environ.get("SALESCAST_FUZZ", "5000"))
SEED = int(os.environ.get("SALESCAST_SEED", "20261120"))
BATCH = 250


def check(datas: list[bytes]) -> list[str]:
    """Sends ``datas`` through the transformer; its results, after looking at every one of them."""
    records = [
        {"recordId": f"r{number}", "data": base64.b64encode(data).decode()}
        for number, data in enumerate(datas)
    ]
    batch = Batch(Moment(Settings()))
    answers = transformer.transform(records, batch)
    assert [answer["recordId"] for answer in answers] == [record["recordId"] for record in records]
    for answer in answers:
        assert answer["result"] in {"Ok", "Dropped", "ProcessingFailed"}
        if answer["result"] == "Ok":
            row = json.loads(base64.b64decode(answer["data"]))
            assert_valid(row)
            assert batch.moment.first_date <= row["order_ts"][:10] <= batch.moment.last_date
    assert len(json.dumps({"records": answers})) < 6_291_556
    assert batch.ok + batch.dropped.total() + batch.failed.total() == len(datas)
    return [answer["result"] for answer in answers]


def test_mutated_changes() -> None:
    rng = random.Random(SEED)
    changes = all_changes()
    seen = {"Ok": 0, "Dropped": 0, "ProcessingFailed": 0}
    for start in range(0, FUZZ, BATCH):
        datas = [mutate(rng.choice(changes), rng) for _ in range(min(BATCH, FUZZ - start))]
        for result in check(datas):
            seen[result] += 1
    # Damage that never hurts, or always does, would test nothing.
    assert all(count > FUZZ / 50 for count in seen.values()), seen


@settings(max_examples=max(200, FUZZ // 50))
@given(st.lists(st.binary(max_size=200), max_size=20))
def test_any_bytes(datas: list[bytes]) -> None:
    assert "Ok" not in check(datas)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=max(200, FUZZ // 50))
@given(
    st.sampled_from(sorted(change("modify")["dynamodb"]["NewImage"])),
    JSON,
    st.sampled_from(["NewImage", "OldImage"]),
)
def test_any_value_of_an_attribute(attribute: str, value: Any, which: str) -> None:
    changed = change("modify")
    changed["dynamodb"][which][attribute] = value
    try:
        data = json.dumps(changed).encode()
    except ValueError:
        return
    check([data])


@settings(max_examples=max(200, FUZZ // 50))
@given(
    quantity=st.integers(-(2**31), 2**31 - 1).filter(bool),
    price=st.decimals(-(10**14), 10**14, places=4, allow_nan=False),
    discount=st.decimals(0, 10**14, places=4, allow_nan=False),
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=50),
)
def test_legal_orders_become_exact_rows(quantity: int, price: Decimal, discount: Decimal, text: str) -> None:
    changed = change("insert")
    changed["dynamodb"]["NewImage"] |= {
        "quantity": {"N": str(quantity)},
        "unit_price": {"N": format(price, "f")},
        "discount": {"N": format(discount, "f")},
        "product_name": {"S": text},
    }
    exact = quantity * price.scaleb(4).to_integral_exact() - discount.scaleb(4).to_integral_exact()
    fits = abs(exact) < 10**20 and abs(price) < 10**14 and discount < 10**14
    (result,) = check([orjson.dumps(changed)])
    assert (result == "Ok") == fits
    if fits:
        row = to_row(changed)
        assert Decimal(row["amount"]).scaleb(4) == exact
        assert row["product_name"] == (text or None)
