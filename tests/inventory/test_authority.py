"""A host and its port in one text."""

from ipaddress import ip_address

import pytest

from inventory.authority import authority


@pytest.mark.parametrize(
    ("host", "text"),
    [
        ("town.example", "town.example:9090"),
        ("192.0.2.1", "192.0.2.1:9090"),
        ("2001:db8::1", "[2001:db8::1]:9090"),
        (ip_address("2001:db8::1"), "[2001:db8::1]:9090"),
        ("", ":9090"),
    ],
)
def test_an_ipv6_address_stands_in_brackets(host: str, text: str) -> None:
    assert authority(host, 9090) == text
