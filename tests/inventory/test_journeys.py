"""What journeys need: secrets by reference, and the servers that they may lead to."""

import json

import pytest

from inventory.entries import hosts
from inventory.model.estate import Estate
from inventory.model.journeys import Journey
from inventory.secrets import references
from inventory.web_servers import allowed_servers, server_of
from tests.inventory.test_hostvars import LAB, variables_of

VAULT, GENERATED = "vault:/srv/v.yml#probe", "generated:permits-probe"


def with_a_login() -> Estate:
    """The lab, at whose services somebody logs in."""
    secrets = {"pin": VAULT, "password": GENERATED}
    steps = [{"get": "/"}, {"send": {"secrets": secrets}}]
    journey = Journey.model_validate({"id": "login", "name": "Log in", "steps": steps})
    towns = [
        town.model_copy(
            update={
                "services": tuple(
                    s.model_copy(update={"journeys": (journey,)}) for s in town.services
                )
            }
        )
        for town in LAB.municipalities
    ]
    return LAB.model_copy(update={"municipalities": tuple(towns)})


def test_only_the_operations_host_is_given_a_journeys_secrets_and_by_reference() -> None:
    estate = with_a_login()
    assert {VAULT, GENERATED} <= set(references(estate))
    for entry in hosts(estate):
        given = variables_of(entry.name, estate)
        text = json.dumps([given["bastide_poller_secrets"], given["bastide_poller_handed"]])
        operations = entry.name == "central-ops"
        assert (VAULT in text, "/s/secrets/permits-probe" in text) == (operations, operations)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("https://permits.example/a", "permits.example:443"),
        ("http://Permits.Example.:8080", "permits.example:8080"),
        ("https://[fd00::1]/", "[fd00::1]:443"),
        ("https://permits.example@evil.example/", "evil.example:443"),
        ("https://permits.example:99999/", ""),
        ("https://[::1/", ""),
        ("file:///etc/passwd", ""),
        ("javascript:alert(1)", ""),
        ("//evil.example/", ""),
        ("https:///", ""),
    ],
)
def test_an_addresss_server_is_a_name_and_a_port_or_none(url: str, server: str) -> None:
    assert server_of(url) == server


def test_further_servers_are_of_the_services_scheme_unless_they_have_a_port() -> None:
    assert allowed_servers("https://a.example/x", ["b.example", "c.example:8443"]) == {
        "a.example:443",
        "b.example:443",
        "c.example:8443",
    }
    assert "" not in allowed_servers("http://a.example/", [])
