"""Which hosts are updated together and which one after the other; each case is a file."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.model.tenants import Central, Municipality
from inventory.paths import SHIPPED_ESTATES
from inventory.waves import waves

CASES = sorted((Path(__file__).parent / "cases" / "waves").glob("*.yml"))
CONTACTS = [{"name": "Ana", "duty": "IT administrator"}]


def tenant(number: int, machines: dict[str, dict[str, Any]], **more: Any) -> dict[str, Any]:
    site = {"id": "hall", "name": "Hall", "network": f"10.{number}.0.0/24"}
    hosts = [
        {"id": name, "site": "hall", "address": f"10.{number}.0.{10 + row}", **values}
        for row, (name, values) in enumerate(machines.items())
    ]
    sites = [{**site, "gateway": f"10.{number}.0.1"}]
    return {"contacts": CONTACTS, "sites": sites, "hosts": hosts, **more}


def devices_of(number: int, machines: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    device = {"kind": "switch", "site": "hall", "provider": "existing"}
    return [
        {**device, "id": name, "address": f"10.{number}.0.{100 + row}", **values}
        for row, (name, values) in enumerate(machines.items())
    ]


def estate_of(case: dict[str, Any]) -> Estate:
    machines = dict(case["hosts"])
    ops = machines.pop("central", {"ops": {"roles": ["operations"], "manage": "watch"}})
    towns = [
        Municipality.model_validate(
            tenant(
                n,
                of_town,
                municipality=name,
                name=name,
                tier=case["tiers"][name],
                country="XX",
                devices=devices_of(n, case.get("devices", {}).get(name, {})),
            )
        )
        for n, (name, of_town) in enumerate(machines.items(), start=1)
    ]
    lab = load_estate(SHIPPED_ESTATES / "lab")
    changes = {
        "central": Central.model_validate(tenant(0, ops, name="Central")),
        "municipalities": tuple(towns),
        "canary": case.get("canary"),
    }
    return lab.model_copy(update=changes)


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_hosts_are_updated_in_this_order(file: Path) -> None:
    case = yaml.safe_load(file.read_text())
    computed = waves(estate_of(case), case.get("names"), at_once=case.get("at_once", 1))
    assert {wave.name: [list(batch) for batch in wave.batches] for wave in computed} == case[
        "waves"
    ]
    assert [wave.name for wave in computed] == list(case["waves"])


@pytest.mark.parametrize("at_once", [1, 3])
@pytest.mark.parametrize("name", ["lab", "pilot"])
def test_every_managed_host_is_updated_once(name: str, at_once: int) -> None:
    estate = load_estate(SHIPPED_ESTATES / name)
    updated = [
        host for wave in waves(estate, at_once=at_once) for batch in wave.batches for host in batch
    ]
    assert len(updated) == len(set(updated))
    assert len(updated) == {"lab": 10, "pilot": 3}[name]


def test_rings_end() -> None:
    case = {
        "hosts": {"ayn": {"a": {"parent": "ayn-b"}, "b": {"parent": "ayn-a"}}},
        "tiers": {"ayn": "village"},
    }
    (wave,) = waves(estate_of(case))
    assert wave.batches == (("ayn-a",), ("ayn-b",))
