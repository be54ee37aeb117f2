import subprocess
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from infra.errors import InfraError
from infra.lab import package_cache, units
from infra.lab.commands import netns_path
from infra.lab.package_cache import CacheSpec
from tests.infra.lab.own_lab import OwnLab
from tests.waiting import wait_until

pytestmark = pytest.mark.root


@pytest.fixture
def spec(own_lab: OwnLab) -> Iterator[CacheSpec]:
    yield CacheSpec(IPv4Address(own_lab.address(1)), port=3199)
    package_cache.remove(own_lab.lab)


def test_a_taken_port_is_said_with_who_has_it(own_lab: OwnLab, spec: CacheSpec) -> None:
    enter = ["nsenter", f"--net={netns_path(own_lab.lab.namespace)}"]
    server = ["python3", "-m", "http.server", "3199", "--bind", str(spec.address)]
    other = subprocess.Popen([*enter, *server], stderr=subprocess.DEVNULL)
    try:
        assert wait_until(lambda: bool(package_cache.listeners(own_lab.lab, 3199)))
        with pytest.raises(InfraError, match=r"port 3199: expected a free port.*python3"):
            package_cache.ensure(own_lab.lab, spec)
    finally:
        other.kill()
        other.wait()


def test_starting_it_twice_keeps_the_one_that_runs(own_lab: OwnLab, spec: CacheSpec) -> None:
    package_cache.ensure(own_lab.lab, spec)
    before = units.running(own_lab.lab, package_cache.UNIT)
    package_cache.ensure(own_lab.lab, spec)
    assert units.running(own_lab.lab, package_cache.UNIT) == before


def test_other_settings_start_it_anew(own_lab: OwnLab, spec: CacheSpec) -> None:
    package_cache.ensure(own_lab.lab, spec)
    package_cache.ensure(own_lab.lab, replace(spec, port=3198))
    assert package_cache.running(own_lab.lab)
    assert not package_cache.listeners(own_lab.lab, 3199)
