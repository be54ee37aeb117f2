"""Files forged with and without the key are refused, each with what is wrong (cases/forgeries)."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from monitors.audit.evidence.signing import signing_key
from monitors.audit.evidence.verify import BrokenError, verify
from tests.monitors.audit.evidence.forger import forge
from tests.monitors.audit.evidence.sealed_runs import evidence

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "cases" / "forgeries.yml").read_text()
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return evidence(tmp_path_factory.mktemp("state"))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_forgery_is_refused(case: dict[str, Any], whole: Path, tmp_path: Path) -> None:
    own = whole.parents[1] / "evidence"
    key = signing_key(own if case["key"] == "own" else tmp_path / "foreign")
    file = tmp_path / "forged.zip"
    file.write_bytes(forge(whole.read_bytes(), key, case["steps"]))

    with pytest.raises(BrokenError) as error:
        verify(file)

    assert str(error.value).startswith(case["says"])


def test_the_forger_changes_nothing_unasked(whole: Path, tmp_path: Path) -> None:
    """So each case is refused for what it does, and for nothing beside it."""
    key = signing_key(whole.parents[1] / "evidence")
    steps = [{word: None} for word in ("leaves_anew", "reroot", "resign", "relist")]
    assert forge(whole.read_bytes(), key, steps) == whole.read_bytes()


def test_who_has_another_key_makes_another_file(whole: Path, tmp_path: Path) -> None:
    """Nothing in it is wrong but whose it is: only the fingerprint given beforehand tells."""
    key = signing_key(tmp_path / "foreign")
    steps: list[Any] = [{"relink": {"link": 0, "fields": {}}}, {"resign": None}]
    file = tmp_path / "forged.zip"
    file.write_bytes(forge(whole.read_bytes(), key, steps))

    assert not verify(file).compared
    with pytest.raises(BrokenError, match="signed by another key"):
        verify(file, verify(whole).fingerprint)
