"""The shop, for the tests of this folder."""

from tests.shop import shop

__all__ = ["shop"]
