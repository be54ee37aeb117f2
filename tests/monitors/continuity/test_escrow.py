"""What is known of the escrow: nothing that cannot be read, or is of other holders, counts."""

import json
from pathlib import Path

import pytest

from inventory.model.escrow import EscrowHolder
from inventory.model.estate import Estate
from monitors.audit.host_files import newest_content
from monitors.continuity.escrow import last_opened, sealed_plans
from monitors.continuity.metrics import collect
from tests.monitors.continuity.state_folder import NOW, ago, lab_estate

KEY = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
OTHER = "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg"
NAME = "velgora-app/permits"


def held() -> Estate:
    return lab_estate().model_copy(update={"escrow": (EscrowHolder(name="Notary", key=KEY),)})


def put(state: Path, file: str, **values: object) -> None:
    (state / "escrow").mkdir(exist_ok=True)
    (state / "escrow" / file).write_text(json.dumps(values))


def sealed(state: Path, *keys: str) -> None:
    put(state, "sealed.json", at=ago(days=1).isoformat(), plans=[NAME], keys=keys)


def drilled(state: Path, days: float, *, ok: bool = True, vault: str = "central-vault") -> None:
    tried = [{"plan": NAME, "rc": 0 if ok else 1}]
    at = ago(days=days).isoformat()
    put(state, f"drill-{vault}.json", at=at, vault=vault, tried=tried)


@pytest.mark.parametrize("keys", [(), (OTHER,), (KEY, OTHER)])
def test_what_was_sealed_for_other_holders_does_not_count(
    keys: tuple[str, ...], tmp_path: Path
) -> None:
    sealed(tmp_path, *keys)
    assert sealed_plans(tmp_path, held()) == frozenset()


def test_what_cannot_be_read_does_not_count(tmp_path: Path) -> None:
    assert sealed_plans(tmp_path, held()) == frozenset()
    put(tmp_path, "sealed.json", at="yesterday")
    put(tmp_path, "drill-central-vault.json", at="yesterday")
    assert sealed_plans(tmp_path, held()) == frozenset()
    assert last_opened(tmp_path, NOW) == {}


def test_a_drill_of_tomorrow_or_that_failed_opened_nothing(tmp_path: Path) -> None:
    drilled(tmp_path, -1)
    drilled(tmp_path, 1, ok=False, vault="central-other")
    assert last_opened(tmp_path, NOW) == {}


def test_what_every_holder_can_open_counts_and_when_it_was_opened(tmp_path: Path) -> None:
    sealed(tmp_path, KEY)
    drilled(tmp_path, 3)
    assert sealed_plans(tmp_path, held()) == {NAME}
    assert last_opened(tmp_path, NOW) == {NAME: ago(days=3)}


def samples(state: Path, estate: Estate) -> dict[tuple[str, str], float]:
    return {
        (sample.name, sample.labels["host"]): sample.value
        for family in collect(state, estate, newest_content)
        for sample in family.samples
        if sample.name.startswith("bastide_escrow")
    }


def test_every_plan_is_told_where_there_are_holders_and_none_elsewhere(tmp_path: Path) -> None:
    sealed(tmp_path, KEY)
    drilled(tmp_path, 3)
    assert samples(tmp_path, lab_estate()) == {}
    found = samples(tmp_path, held())
    assert found["bastide_escrow_sealed", "velgora-app"] == 1
    assert found["bastide_escrow_sealed", "velgora-files"] == 0
    opened = "bastide_escrow_last_opened_timestamp_seconds"
    assert found[opened, "velgora-app"] == ago(days=3).timestamp()
    assert (opened, "velgora-files") not in found
