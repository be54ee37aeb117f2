from monitors.inspection.forwarding import networks_behind, routed_families
from monitors.inspection.model import Interface, System
from tests.monitors.inspection.recorded import inspection

WEB = inspection("web")


def test_networks_behind_are_those_of_engines_bridges_and_masquerading() -> None:
    behind = {b.network: b.reason for b in networks_behind(WEB)}
    assert behind["172.18.0.0/16"] == "docker network town-net"
    assert behind["172.17.0.0/16"] == "docker network bridge"


def test_a_host_that_forwards_nothing_has_none_behind_it() -> None:
    still = WEB.model_copy(update={"system": System(name="a")})
    assert networks_behind(still) == ()


def test_a_second_network_of_its_own_is_routed_whatever_else_is_behind_it() -> None:
    assert routed_families(WEB) == ()
    second = Interface(name="ens19", addresses=("192.168.1.1/24", "fe80::1/64"))
    both = WEB.model_copy(update={"interfaces": (*WEB.interfaces, second)})
    assert routed_families(both) == ("IPv4",)
