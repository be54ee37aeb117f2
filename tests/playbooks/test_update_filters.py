"""The filters of patch.yml: groups that sort in the order of updates, and minutes of a window."""

import runpy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from inventory.enums import Weekday
from inventory.paths import SHIPPED_ESTATES
from tests.playbooks.ansible import PLAYBOOKS


def filters(name: str) -> dict[str, Callable[..., Any]]:
    module = runpy.run_path(str(PLAYBOOKS / "filter_plugins" / f"{name}.py"))["FilterModule"]
    return dict(module().filters())


def test_groups_sort_in_the_order_of_updates() -> None:
    names = ["central-ops", "velgora-app", "kastrava-app", "velgora-edge"]
    batches = filters("updates")["update_batches"](names, str(SHIPPED_ESTATES / "lab"))
    assert sorted(batches, key=batches.__getitem__) == [
        "velgora-app",
        "velgora-edge",
        "kastrava-app",
        "central-ops",
    ]
    assert batches["kastrava-app"] == "patch_0003_towns"


def test_without_a_window_there_is_not_a_minute() -> None:
    assert filters("updates")["restart_minutes"]({}) == 0


def test_a_window_as_the_inventory_gives_it_is_read() -> None:
    now = datetime.now(UTC)
    start, end = (f"{now + timedelta(hours=hours):%H:%M}" for hours in (-1, 1))
    days = [day.value for day in Weekday]
    window = {"days": days, "start": start, "end": end, "timezone": "Etc/UTC"}
    assert filters("updates")["restart_minutes"](window) in (58, 59, 60)
    assert filters("updates")["restart_minutes"]({**window, "start": end, "end": start}) == 0


@pytest.mark.parametrize(
    ("address", "within"),
    [
        ("198.51.100.7", True),
        ("::ffff:198.51.100.7", True),
        ("2001:db8::7", True),
        ("fe80::1%eth0", True),
        ("198.51.101.7", False),
        ("2001:db9::7", False),
        ("", False),
        ("nonsense", False),
    ],
)
def test_an_address_is_within_a_network_or_not(address: str, within: bool) -> None:
    networks = ["198.51.100.0/24", "2001:db8::/32", "fe80::/64"]
    assert filters("addresses")["is_within"](address, networks) is within
