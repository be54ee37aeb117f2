from typing import Any

import pytest
from pulumi.runtime.rpc import UNKNOWN

from tests.infra.provider.plugin import Plugin

MACHINE = "bastide:lab:Machine"
GOOD: dict[str, Any] = {
    "estate": "lab",
    "name": "velgora-app",
    "interfaces": [{"name": "lan0", "network": "velgora-hall", "address": "10.77.1.10/24"}],
    "authorizedKeys": ["ssh-ed25519 AAAA admin"],
}

WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "no estate": ({"estate": None}, "estate", "valid string"),
    "a path as estate": ({"estate": "../etc"}, "estate", "match pattern"),
    "a path as name": ({"name": "../../etc"}, "name", "match pattern"),
    "no interface": ({"interfaces": []}, "interfaces", "at least 1 item"),
    "not an address": (
        {"interfaces": [{"name": "lan0", "network": "x", "address": "10.77.1.300/24"}]},
        "interfaces[0].address",
        "valid IPv4 interface; found '10.77.1.300/24'",
    ),
    "an unknown key": ({"colour": "red"}, "colour", "Unexpected"),
    "a number for words": ({"packageCache": 3142}, "packageCache", "valid string"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_input_is_named_with_its_value(plugin: Plugin, case: str) -> None:
    change, path, reason = WRONG[case]
    errors = plugin.check(MACHINE, GOOD | change)
    assert list(errors) == [path]
    assert reason in errors[path]


def test_all_wrong_inputs_are_reported_at_once(plugin: Plugin) -> None:
    wrong = {"estate": "lab", "range": "10.77.0.0", "uplink": "nowhere", "cidr": "10.0.0.0/8"}
    errors = plugin.check("bastide:lab:Backbone", wrong)
    assert errors.keys() == {"uplink", "cidr"}


def test_a_missing_input_is_named(plugin: Plugin) -> None:
    errors = plugin.check(MACHINE, {"estate": "lab", "name": "velgora-app"})
    assert errors == {"interfaces": "Field required", "authorizedKeys": "Field required"}


def test_what_a_preview_does_not_know_yet_is_let_pass(plugin: Plugin) -> None:
    assert plugin.check(MACHINE, GOOD | {"packageCache": UNKNOWN, "interfaces": UNKNOWN}) == {}


def test_good_inputs_are_good(plugin: Plugin) -> None:
    assert plugin.check(MACHINE, GOOD) == {}


def test_a_kind_that_does_not_exist_is_named_without_a_traceback(plugin: Plugin) -> None:
    with pytest.raises(Exception, match=r"bastide:lab:Toaster") as raised:
        plugin.check("bastide:lab:Toaster", {})
    assert "Traceback" not in str(raised.value)
    assert 'File "' not in str(raised.value)
