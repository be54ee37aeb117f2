import subprocess
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from infra.errors import InfraError
from infra.lab import package_cache, units
from infra.lab.commands import netns_path
from infra.lab.package_cache import CacheSpec
from tests.infra.lab.conftest import Grounds, wait_until

pytestmark = pytest.mark.root


@pytest.fixture
def spec(grounds: Grounds) -> Iterator[CacheSpec]:
    yield CacheSpec(IPv4Address(grounds.address(1)), port=3199)
    package_cache.remove(grounds.lab)


def test_a_taken_port_is_said_with_who_has_it(grounds: Grounds, spec: CacheSpec) -> None:
    enter = ["nsenter", f"--net={netns_path(grounds.lab.namespace)}"]
    server = ["python3", "-m", "http.server", "3199", "--bind", str(spec.address)]
    other = subprocess.Popen([*enter, *server], stderr=subprocess.DEVNULL)
    try:
        assert wait_until(lambda: bool(package_cache.listeners(grounds.lab, 3199)))
        with pytest.raises(InfraError, match=r"port 3199: expected a free port.*python3"):
            package_cache.ensure(grounds.lab, spec)
    finally:
        other.kill()
        other.wait()


def test_starting_it_twice_keeps_the_one_that_runs(grounds: Grounds, spec: CacheSpec) -> None:
    package_cache.ensure(grounds.lab, spec)
    before = units.running(grounds.lab, package_cache.UNIT)
    package_cache.ensure(grounds.lab, spec)
    assert units.running(grounds.lab, package_cache.UNIT) == before


def test_other_settings_start_it_anew(grounds: Grounds, spec: CacheSpec) -> None:
    package_cache.ensure(grounds.lab, spec)
    package_cache.ensure(grounds.lab, replace(spec, port=3198))
    assert package_cache.running(grounds.lab)
    assert not package_cache.listeners(grounds.lab, 3199)
