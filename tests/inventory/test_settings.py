"""Settings: of each option the narrowest place counts; what nobody sets is nobody's to change."""

from pathlib import Path

import pytest

from inventory.hostvars import host_variables
from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.model.tenants import Dns
from inventory.outputs import Outputs
from inventory.paths import SHIPPED_ESTATES
from inventory.settings import forwarders, settings, time_servers, timezone
from tests.inventory.test_connections import Changes, app

NOTHING: Changes = {"settings": {}, "timezone": None, "dns": None, "time_servers": ()}


@pytest.fixture(scope="module")
def pilot() -> Estate:
    return load_estate(SHIPPED_ESTATES / "pilot").model_copy(update=NOTHING)


def variables(whole: Estate, *, estate: Changes, host: Changes) -> dict[str, object]:
    entry = app(whole, estate=estate, host=host)
    return host_variables(entry, Path("/estate"), Path("/state"), Outputs(estate="pilot"))


def test_nothing_set_means_nothing_changed(pilot: Estate) -> None:
    entry = app(pilot)
    assert settings(entry) == {}
    assert timezone(entry) is None
    assert time_servers(entry) == ()
    assert forwarders(entry) == ()


def test_the_narrowest_place_counts_option_by_option(pilot: Estate) -> None:
    entry = app(
        pilot,
        estate={"settings": {"ssh_max_auth_tries": 3, "ssh_ciphers": ["aes256-ctr"]}},
        town={"settings": {"ssh_max_auth_tries": 2}},
        host={"settings": {"ssh_ciphers": ["aes128-ctr"]}},
    )
    assert settings(entry) == {"ssh_max_auth_tries": 2, "ssh_ciphers": ["aes128-ctr"]}


def test_ansible_is_given_what_is_set(pilot: Estate) -> None:
    given = variables(
        pilot,
        estate={
            "timezone": "Europe/Belgrade",
            "dns": Dns.model_validate({"forwarders": ["192.0.2.53"]}),
            "time_servers": ("time.example",),
        },
        host={"settings": {"ssh_max_auth_tries": 2}},
    )
    assert given["ssh_max_auth_tries"] == 2
    assert given["bastide_timezone"] == "Europe/Belgrade"
    assert given["bastide_forwarders"] == ["192.0.2.53"]
    assert given["bastide_time_servers"] == ["time.example"]


def test_a_setting_takes_the_place_of_nothing_that_the_inventory_gives(pilot: Estate) -> None:
    given = variables(pilot, estate={}, host={"settings": {"bastide_domain": "other.example"}})
    assert given["bastide_domain"] == "pilot.example"


def test_the_municipalitys_own_servers_come_before_the_estates(pilot: Estate) -> None:
    entry = app(
        pilot,
        estate={"time_servers": ("far.example",)},
        town={"time_servers": ("near.example",), "timezone": "Europe/Tirane"},
    )
    assert time_servers(entry) == ("near.example",)
    assert timezone(entry) == "Europe/Tirane"


def test_a_host_may_be_in_another_time_zone_than_its_municipality(pilot: Estate) -> None:
    entry = app(
        pilot, town={"timezone": "Europe/Belgrade"}, host={"timezone": "America/Argentina/Salta"}
    )
    assert timezone(entry) == "America/Argentina/Salta"


def test_the_municipalitys_own_resolvers_are_asked_before_the_estates(pilot: Estate) -> None:
    near, far = (Dns.model_validate({"forwarders": [a]}) for a in ("192.0.2.53", "192.0.2.1"))
    assert forwarders(app(pilot, estate={"dns": far}, town={"dns": near})) == ("192.0.2.53",)
    assert forwarders(app(pilot, estate={"dns": far})) == ("192.0.2.1",)
