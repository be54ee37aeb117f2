"""Towns that come up at once have ranges of their own, whatever version made the others."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.strange_town import layout, networks, town
from tests.strange_town.images import Image
from tests.strange_town.layout import FIRST_RANGE, PLANS, RANGES
from tests.strange_town.processes import TownError

AT_ONCE = 6


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for towns whose networks are not laid: no route says that a range is taken."""
    for module in (layout, town):
        monkeypatch.setattr(module, "STATE", tmp_path)
    monkeypatch.setattr(networks, "in_use", lambda number: False)
    return tmp_path


@pytest.fixture
def images(tmp_path: Path) -> dict[str, Image]:
    keys = tmp_path / "layer" / "etc" / "ssh"
    keys.mkdir(parents=True)
    for kind in ("ed25519", "ecdsa", "rsa"):
        (keys / f"ssh_host_{kind}_key.pub").write_text(f"ssh-{kind} AAAA host\n")
    return {plan.name: Image(plan.name, (tmp_path / "layer",)) for plan in PLANS}


def registered(images: dict[str, Image]) -> int:
    with town._lock():
        return town._register(images, owner=0).number


def test_towns_that_come_up_at_once_have_ranges_of_their_own(
    state: Path, images: dict[str, Image]
) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        numbers = list(pool.map(registered, [images] * AT_ONCE))
    assert sorted(numbers) == list(range(FIRST_RANGE, FIRST_RANGE + AT_ONCE))


@pytest.mark.parametrize(
    "record",
    [{"number": FIRST_RANGE, "owner": 0}, {"town": {"number": FIRST_RANGE, "new": 1}, "owner": 0}],
    ids=["older", "newer"],
)
def test_the_range_of_a_town_of_another_version_is_taken(
    record: dict[str, object], state: Path, images: dict[str, Image]
) -> None:
    (state / "ab12").mkdir()
    (state / "ab12" / "town.json").write_text(json.dumps(record))
    assert registered(images) == FIRST_RANGE + 1


def test_when_all_ranges_are_taken_that_is_said(state: Path, images: dict[str, Image]) -> None:
    for number in range(FIRST_RANGE, FIRST_RANGE + RANGES):
        (state / f"ab{number}").mkdir()
        record = {"town": {"number": number}, "owner": 0}
        (state / f"ab{number}" / "town.json").write_text(json.dumps(record))
    with pytest.raises(TownError, match="take one of yours down"):
        registered(images)
