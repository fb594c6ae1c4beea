"""The gadgets that the shop sells: names, prices, popularity, stock levels.

`CATALOGUE_VERSION` is part of every order's key. Change it together with anything below, or a tick
repeated after a deployment would regenerate orders that differ from the ones in the table.
"""

from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate

CATALOGUE_VERSION = 1
CURRENCY = "GBP"
MAX_QUANTITY = 5

_ZIPF_EXPONENT = 0.9
_RANK_STEP = 37  # coprime with the number of products: spreads popularity over the categories

# Suppliers that take this long deliver late: their goods come when the last ones are sold.
_LATE_FROM_DAYS = 10

_LEAD_TIME_DAYS = {
    "Audio": 5,
    "Wearables": 7,
    "Smart Home": 6,
    "Computing": 4,
    "Gaming": 10,
    "Photo": 14,
    "Mobile": 3,
    "Power": 2,
}

_GADGETS = {
    "Audio": {
        "Wireless Earbuds": "59.90",
        "Noise Cancelling Headphones": "189.00",
        "Bluetooth Speaker": "45.50",
        "Soundbar": "149.00",
        "Clip-on Microphone": "32.75",
        "Pocket Radio": "24.90",
        "Turntable": "129.00",
        "Sleep Headband": "21.95",
    },
    "Wearables": {
        "Smart Watch": "199.00",
        "Fitness Band": "39.90",
        "Heart Rate Strap": "54.00",
        "Smart Ring": "249.00",
        "GPS Running Watch": "229.50",
        "Posture Sensor": "44.90",
        "Kids Watch": "69.00",
    },
    "Smart Home": {
        "Smart Plug": "12.90",
        "Light Bulb Trio": "34.50",
        "Door Bell Camera": "99.00",
        "Thermostat": "139.00",
        "Leak Sensor": "19.90",
        "Robot Vacuum": "279.00",
        "Motion Sensor": "22.40",
        "Air Quality Monitor": "84.95",
    },
    "Computing": {
        "Mechanical Keyboard": "89.00",
        "Vertical Mouse": "36.90",
        "Webcam": "64.50",
        "USB-C Hub": "41.20",
        "Portable SSD 1 TB": "94.99",
        "Laptop Stand": "29.90",
        "Drawing Tablet": "74.00",
        "Document Scanner": "159.00",
    },
    "Gaming": {
        "Game Controller": "52.90",
        "Gaming Headset": "79.00",
        "Retro Console": "64.99",
        "Racing Wheel": "209.00",
        "Capture Card": "119.00",
        "Arcade Stick": "99.90",
        "Mouse Mat XL": "17.50",
    },
    "Photo": {
        "Action Camera": "219.00",
        "Mini Drone": "169.00",
        "Camera Gimbal": "109.00",
        "Instant Camera": "72.90",
        "Ring Light": "27.80",
        "Travel Tripod": "48.00",
        "Photo Printer": "94.50",
    },
    "Mobile": {
        "Phone Case": "14.90",
        "Screen Protector": "9.95",
        "Car Mount": "18.40",
        "Selfie Stick": "16.20",
        "Tracking Tag": "26.90",
        "Stylus": "31.50",
        "E-Book Reader": "114.00",
        "Phone Lens Kit": "28.75",
    },
    "Power": {
        "Power Bank": "33.90",
        "Fast Charger": "23.50",
        "Wireless Charging Pad": "25.60",
        "Solar Panel Foldable": "87.00",
        "Travel Adapter": "19.40",
        "Charging Cable 2 m": "8.90",
        "Battery Set AA": "11.75",
    },
}


@dataclass(frozen=True, slots=True)
class Product:
    """One gadget. `weight` is its share of sales without promotions; all weights add up to 1.

    New goods come when a sale would leave `restock_at` or less: see inventory.py. That is the reorder level,
    or 0 where the supplier is late, so that there is always something to order.
    """

    product_id: str
    product_name: str
    category: str
    unit_price: Decimal
    weight: float
    reorder_level: int
    restock: int
    lead_time_days: int

    @property
    def restock_at(self) -> int:
        return 0 if self.lead_time_days >= _LATE_FROM_DAYS else self.reorder_level

    @property
    def initial_stock(self) -> int:
        return self.reorder_level + self.restock


def _catalogue() -> tuple[Product, ...]:
    gadgets = [
        (category, name, price) for category, names in _GADGETS.items() for name, price in names.items()
    ]
    ranks = [(index * _RANK_STEP) % len(gadgets) + 1 for index in range(len(gadgets))]
    zipf = [rank**-_ZIPF_EXPONENT for rank in ranks]
    total = sum(zipf)
    return tuple(
        Product(
            product_id=f"P{index + 1:03d}",
            product_name=name,
            category=category,
            unit_price=Decimal(price),
            weight=zipf[index] / total,
            reorder_level=15 + round(500 * zipf[index] / total),
            restock=40 + round(2000 * zipf[index] / total),
            lead_time_days=_LEAD_TIME_DAYS[category],
        )
        for index, (category, name, price) in enumerate(gadgets)
    )


PRODUCTS = _catalogue()
CATEGORIES = tuple(_GADGETS)
BY_ID = {product.product_id: product for product in PRODUCTS}


def cumulative(weights: list[float]) -> list[float]:
    """Running sums scaled to end at exactly 1, for bisect with a number in [0, 1)."""
    sums = list(accumulate(weights))
    return [*(value / sums[-1] for value in sums[:-1]), 1.0]
