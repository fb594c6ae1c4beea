"""The emulator's stand-ins ask for the rights that they declare, and for no other."""

import pytest

from salescast.local.emulator.iam.rights import ATHENA, UndeclaredActionError, check


def test_only_what_is_declared_is_asked_for() -> None:
    check("glue:GetTable", ATHENA)
    with pytest.raises(UndeclaredActionError, match="glue:DeleteDatabase is not declared"):
        check("glue:DeleteDatabase", ATHENA)
