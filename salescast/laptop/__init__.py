"""The stack on this machine: `laptop.up(folder)` makes it run, `laptop.revive(folder)` mends it."""

from salescast.laptop.up import STAND_INS, revive, up

__all__ = ["STAND_INS", "revive", "up"]
