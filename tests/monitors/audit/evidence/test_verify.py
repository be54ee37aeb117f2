"""One byte changed in any kind of record is noticed, and the record is named."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitors.audit.evidence import stored_zip
from monitors.audit.evidence.chain import load_chain
from monitors.audit.evidence.signing import fingerprint, signing_key
from monitors.audit.evidence.verify import BrokenError, verify
from tests.monitors.audit.evidence.sealed_runs import evidence

# A place in each kind of member, and what is said when a byte is changed there.
KINDS = {
    "README.txt": "README.txt: changed",
    "chain.jsonl": "chain.jsonl: l",
    "leaves.txt": "leaves.txt, line 1",
    "run.json": "run.json: changed since it was sealed",
    "controls.jsonl": "controls.jsonl (",
    "declared.jsonl": "declared.jsonl (kastrava-app): changed",
    "results/kastrava-app.jsonl": "results/kastrava-app.jsonl (host): changed",
    "bundles/velgora-app.json.gz": "bundles/velgora-app.json.gz: changed",
    "reports/compliance.html": "reports/compliance.html: report changed since it was signed",
    "manifest.json": "manifest.json: ",
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return evidence(tmp_path_factory.mktemp("state"))


def flipped(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def written(tmp_path: Path, raw: bytes) -> Path:
    file = tmp_path / "changed.zip"
    file.write_bytes(raw)
    return file


def test_an_untouched_file_holds(whole: Path) -> None:
    verified = verify(whole)

    state = whole.parents[1]
    assert verified.link == load_chain(state)[-1]
    assert verified.runs == 2
    assert verified.fingerprint == fingerprint(signing_key(state / "evidence").public)
    assert verify(whole, verified.fingerprint.upper()) == verified


def test_another_key_than_the_one_known_beforehand_is_refused(whole: Path) -> None:
    with pytest.raises(BrokenError, match="signed by another key"):
        verify(whole, "00" * 32)


@pytest.mark.parametrize("name", KINDS)
def test_one_byte_changed_in_a_record_is_named(whole: Path, tmp_path: Path, name: str) -> None:
    members = stored_zip.unpack(whole.read_bytes())
    raw = flipped(whole.read_bytes(), whole.read_bytes().index(members[name]) + 20)

    with pytest.raises(BrokenError) as error:
        verify(written(tmp_path, raw))

    assert str(error.value).startswith(KINDS[name])


def test_every_kind_of_member_is_among_those_changed(whole: Path) -> None:
    members = stored_zip.unpack(whole.read_bytes())
    kinds = {name.split("/")[0] for name in members} - {"waivers.jsonl"}
    assert kinds == {name.split("/")[0] for name in KINDS}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_byte_changed_anywhere_is_noticed(
    whole: Path, tmp_path: Path, data: st.DataObject
) -> None:
    raw = whole.read_bytes()
    at = data.draw(st.integers(0, len(raw) - 1))
    with pytest.raises(BrokenError):
        verify(written(tmp_path, flipped(raw, at)))


@pytest.mark.parametrize("which", [0, -1])
def test_the_result_that_was_changed_is_named_by_host_and_control(
    whole: Path, tmp_path: Path, which: int
) -> None:
    members = stored_zip.unpack(whole.read_bytes())
    name = "results/velgora-app.jsonl"
    lines = members[name].splitlines(keepends=True)
    line = [n for n, text in enumerate(lines) if b'"outcome":"pass"' in text][which]
    control = lines[line].split(b'"control":"')[1].split(b'"')[0].decode()
    lines[line] = lines[line].replace(b'"outcome":"pass"', b'"outcome":"fail"')
    forged = stored_zip.pack({**members, name: b"".join(lines)})

    with pytest.raises(BrokenError) as error:
        verify(written(tmp_path, forged))
    assert f"{name} ({control}): changed" in str(error.value)


def test_records_left_out_or_added_are_noticed(whole: Path, tmp_path: Path) -> None:
    members = stored_zip.unpack(whole.read_bytes())
    name = "results/velgora-app.jsonl"
    lines = members[name].splitlines(keepends=True)
    changes = {
        "left out": {**members, name: b"".join(lines[:-1])},
        "added": {**members, name: b"".join([*lines, lines[-1]])},
        "a member more": {**members, "reports/other.html": b"<p>"},
        "a member less": {k: v for k, v in members.items() if not k.startswith("reports/")},
        "a host less": {k: v for k, v in members.items() if "velgora-app" not in k},
    }
    for forged in changes.values():
        with pytest.raises(BrokenError):
            verify(written(tmp_path, stored_zip.pack(forged)))


@given(raw=st.binary(max_size=400))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_else_is_no_evidence(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(BrokenError):
        verify(written(tmp_path, raw))
