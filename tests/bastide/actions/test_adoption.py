"""Which site a newcomer belongs to, before anything is sent to it."""

from pathlib import Path

import pytest

from bastide.actions.adoption import Newcomer, adopt
from bastide.support.errors import CommandError
from bastide.support.estate import EstateContext
from inventory.model.ssh import Ssh
from tests.bastide.estates import host_key, with_more_networks

OF_THE_SITE = "holds 192.0.2.9\n    found: hall (10.77.1.0/24, fd77:1::/64, 127.77.1.0/24)"
CLOSED = 1


@pytest.fixture
def context(tmp_path: Path) -> EstateContext:
    estate = with_more_networks("velgora", "fd77:1::/64", "127.77.1.0/24")
    return EstateContext(tmp_path, estate, tmp_path)


def refusal(context: EstateContext, address: str) -> str:
    key = host_key(99)
    newcomer = Newcomer(address, "velgora", Ssh(user="itadmin", port=CLOSED), host_key=key)
    with pytest.raises(CommandError) as refused:
        adopt(context, newcomer)
    return str(refused.value)


def test_an_address_outside_every_network_is_refused_with_all_of_them(
    context: EstateContext,
) -> None:
    assert OF_THE_SITE in refusal(context, "192.0.2.9")


def test_an_address_of_any_of_a_sites_networks_is_asked(context: EstateContext) -> None:
    assert "127.77.1.9" in refusal(context, "127.77.1.9")
    assert "holds" not in refusal(context, "127.77.1.9")
