from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.rpc import UNKNOWN

from tests.infra.provider.plugin import Plugin
from tests.infra.provider.test_check import GOOD, MACHINE

OLD = {**GOOD, "address": "10.77.1.10", "hostKey": "ssh-ed25519 AAAA", "running": True}
MOVED = [{"name": "lan0", "network": "velgora-hall", "address": "10.77.1.11/24"}]
SOME, NONE = pb.DiffResponse.DIFF_SOME, pb.DiffResponse.DIFF_NONE

CASES: dict[str, tuple[dict[str, Any], dict[str, Any], int, list[str]]] = {
    "nothing changed": ({}, {}, NONE, []),
    "created with another cache": ({}, {"packageCache": "http://10.77.0.1:9999"}, NONE, []),
    "other keys may log in": ({}, {"authorizedKeys": ["ssh-ed25519 BBBB"]}, SOME, []),
    "found dead by a refresh": ({"running": False}, {}, SOME, []),
    "another address": ({}, {"interfaces": MOVED}, SOME, ["interfaces"]),
    "another name": ({}, {"name": "velgora-web"}, SOME, ["name"]),
    "it becomes an edge": ({}, {"forward": True}, SOME, ["forward"]),
    "an address not known yet": ({}, {"interfaces": UNKNOWN}, SOME, ["interfaces"]),
}


@pytest.mark.parametrize("case", CASES)
def test_what_a_change_of_a_machine_means(plugin: Plugin, case: str) -> None:
    before, wanted, changes, replaces = CASES[case]
    response = plugin.diff(MACHINE, OLD | before, GOOD | wanted)
    assert (response.changes, list(response.replaces)) == (changes, replaces)
    assert response.deleteBeforeReplace == bool(replaces)


def test_a_device_takes_new_settings_without_being_replaced(plugin: Plugin) -> None:
    ups = {
        "estate": "lab",
        "name": "velgora-ups",
        "kind": "ups",
        "network": "velgora-hall",
        "address": "10.77.1.31/24",
        "user": "bastide",
        "authKeyFile": "/secrets/auth",
        "privKeyFile": "/secrets/priv",
    }
    response = plugin.diff("bastide:lab:Device", ups, ups | {"location": "the cellar"})
    assert (response.changes, list(response.diffs), list(response.replaces)) == (
        SOME,
        ["location"],
        [],
    )
