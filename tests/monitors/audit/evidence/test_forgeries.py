"""Files forged with and without the key are refused, each with what is wrong (cases/*.yml)."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from monitors.audit.evidence import stored_zip
from monitors.audit.evidence.recompute import recompute
from monitors.audit.evidence.signing import signing_key
from monitors.audit.evidence.verify import BrokenError, verify
from tests.monitors.audit.evidence.forger import forge
from tests.monitors.audit.evidence.sealed_runs import evidence

FILES = sorted(Path(__file__).with_name("cases").glob("*.yml"))
# The ends of what a date can be, with and without a zone.
MOMENTS = st.sampled_from(
    ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-11-23T01:57:01", "2026-13-40", "0"]
)
CASES: list[dict[str, Any]] = [case for file in FILES for case in yaml.safe_load(file.read_text())]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return evidence(tmp_path_factory.mktemp("state"))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_forgery_is_refused(case: dict[str, Any], whole: Path, tmp_path: Path) -> None:
    own = whole.parents[1] / "evidence"
    key = signing_key(own if case["key"] == "own" else tmp_path / "foreign")
    file = tmp_path / "forged.zip"
    file.write_bytes(forge(whole.read_bytes(), key, case["steps"]))

    if case.get("judged_again"):
        verified = verify(file)
        with pytest.raises(BrokenError) as error:
            recompute(verified)
    else:
        with pytest.raises(BrokenError) as error:
            verify(file)
    assert str(error.value).startswith(case["says"])


RECORDS = ("run.json", "declared.jsonl", "results/velgora-app.jsonl", "outside/velgora-app.json")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8) | MOMENTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_whatever_the_keys_holder_writes_is_no_traceback(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(RECORDS))
    line = data.draw(st.integers(0, 1 if name.endswith(".jsonl") else 0))
    record = json.loads(stored_zip.unpack(whole.read_bytes())[name].splitlines()[line])
    fields = {data.draw(st.sampled_from(sorted(record))): data.draw(VALUES)}
    steps: list[Any] = [
        {"set_fields": {"name": name, "line": line, "fields": fields}},
        {"judged_by": {"host": "velgora-app"}},
        {"seal_anew": None},
    ]
    file = tmp_path_factory.mktemp("forged") / "forged.zip"
    key = signing_key(whole.parents[1] / "evidence")
    file.write_bytes(forge(whole.read_bytes(), key, steps))
    with contextlib.suppress(BrokenError):
        recompute(verify(file))


def test_the_forger_changes_nothing_unasked(whole: Path, tmp_path: Path) -> None:
    """So each case is refused for what it does, and for nothing beside it."""
    key = signing_key(whole.parents[1] / "evidence")
    steps = [{word: None} for word in ("leaves_anew", "reroot", "resign", "relist", "seal_anew")]
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
