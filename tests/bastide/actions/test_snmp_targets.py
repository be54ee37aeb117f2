"""Which device is polled, and with what access: the inventory's, changed by what is typed."""

from dataclasses import replace
from pathlib import Path

import pytest

from bastide.actions.snmp_targets import find
from bastide.support.errors import CommandError, Exit
from bastide.support.snmp_options import AccessOptions
from inventory.enums import SnmpVersion
from inventory.model.snmp_access import SnmpAccess
from monitors.snmp.targets import targets
from tests.bastide.context import lab_context
from tests.monitors.audit.estates import lab

NOTHING = AccessOptions(None, None, None, None, None, None, None, None)
CONTEXT = lab_context(Path("/nowhere"))
SWITCH = "velgora-switch"


def options(**typed: str | int) -> AccessOptions:
    empty = dict.fromkeys(AccessOptions.__annotations__)
    return AccessOptions(**{**empty, **typed})  # type: ignore[arg-type]


def test_a_device_of_the_inventory_is_polled_as_the_inventory_says() -> None:
    assert find(CONTEXT, SWITCH, NOTHING) == targets(lab())[SWITCH]


@pytest.mark.parametrize(
    ("typed", "address", "port"),
    [
        ("192.0.2.7", "192.0.2.7", 161),
        ("192.0.2.7:1161", "192.0.2.7", 1161),
        ("192.0.2.7:65535", "192.0.2.7", 65535),
        ("2001:db8::7", "2001:db8::7", 161),
        ("[2001:db8::7]", "2001:db8::7", 161),
    ],
)
def test_any_address_is_polled_with_the_estates_access(typed: str, address: str, port: int) -> None:
    target = find(CONTEXT, typed, NOTHING)
    assert (target.address, target.port) == (address, port)
    assert target.access == lab().snmp


@pytest.mark.parametrize(
    "port", ["0", "65536", "99999", "-1", "", "\uff11\uff16\uff11", "161x", "1" * 5000]
)
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(CommandError, match="no UDP port; expected 1 to 65535") as caught:
        find(CONTEXT, f"192.0.2.7:{port}", NOTHING)
    assert caught.value.code is Exit.WRONG_USE


def test_a_port_that_is_typed_apart_is_taken() -> None:
    assert find(CONTEXT, SWITCH, options(port=1161)).port == 1161


def test_a_key_that_is_typed_replaces_the_inventorys_and_the_others_stay() -> None:
    access = find(CONTEXT, SWITCH, options(user="another")).access
    assert access == lab().snmp.model_copy(update={"user": "another"})


def test_a_community_alone_means_version_2c_and_leaves_nothing_of_version_3() -> None:
    estate = lab().model_copy(update={"snmp": SnmpAccess(user="ours")})
    context = replace(CONTEXT, estate=estate)
    assert find(context, "192.0.2.7", options(port=1161)).access.user == "ours"
    access = find(context, "192.0.2.7", options(community="env:WORD")).access
    assert access.version is SnmpVersion.V2C
    assert access.community == "env:WORD"
    assert access.model_fields_set <= {"version", "community"}


def test_an_access_that_does_not_hold_together_is_wrong_use() -> None:
    with pytest.raises(CommandError, match="needs a community") as caught:
        find(CONTEXT, SWITCH, options(version="2c"))
    assert caught.value.code is Exit.WRONG_USE


def test_a_name_of_nothing_is_answered_with_what_is_near_or_all_there_is() -> None:
    with pytest.raises(CommandError, match="did you mean velgora-switch"):
        find(CONTEXT, "velgora-swich", NOTHING)
    with pytest.raises(CommandError, match=r"there are: ayn\w*-"):
        find(CONTEXT, "toaster", NOTHING)
