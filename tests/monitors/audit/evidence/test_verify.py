"""One byte changed in any kind of record is noticed, and the record is named."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitors.audit.evidence import stored_zip
from monitors.audit.evidence.chain import load_chain
from monitors.audit.evidence.package import write_package
from monitors.audit.evidence.signing import SigningKey, fingerprint, signing_key
from monitors.audit.evidence.verify import BrokenError, verify
from monitors.audit.model.canonical import canonical
from tests.monitors.audit.evidence.sealed_runs import evidence, sealed

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
    "outside/velgora-app.json": "outside/velgora-app.json: changed",
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


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


Members = dict[str, bytes]
RESULTS = "results/velgora-app.jsonl"


def without(name: str) -> Callable[[Members], Members]:
    return lambda members: {key: raw for key, raw in members.items() if key != name}


def changing(name: str, change: Callable[[bytes], bytes]) -> Callable[[Members], Members]:
    return lambda members: {**members, name: change(members[name])}


def less_a_line(raw: bytes) -> bytes:
    return b"".join(raw.splitlines(keepends=True)[:-1])


def more_by_a_line(raw: bytes) -> bytes:
    return raw + raw.splitlines(keepends=True)[-1]


def spread(raw: bytes) -> bytes:
    return json.dumps(json.loads(raw), indent=1).encode()


def unsigned(raw: bytes) -> bytes:
    manifest = json.loads(raw)
    del manifest["signature"]
    return canonical(manifest)


FORGED: dict[str, tuple[Callable[[Members], Members], str]] = {
    "no explanation": (without("README.txt"), "README.txt: absent; is this an evidence file?"),
    "no chain": (without("chain.jsonl"), "chain.jsonl: absent; is this an evidence file?"),
    "no leaves": (without("leaves.txt"), "leaves.txt: absent; is this an evidence file?"),
    "no manifest": (without("manifest.json"), "manifest.json: absent; is this an evidence file?"),
    "an empty chain": (changing("chain.jsonl", lambda _: b""), "chain.jsonl: there is no link"),
    "no links": (changing("chain.jsonl", lambda _: b"{}"), "chain.jsonl: line 1: not a link"),
    "half a chain": (
        changing("chain.jsonl", lambda raw: raw.splitlines(keepends=True)[1]),
        "chain.jsonl: link 1: says that it is number 2",
    ),
    "no leaf": (changing("leaves.txt", lambda _: b"?"), "leaves.txt, line 1: not a leaf"),
    "a leaf less": (
        changing("leaves.txt", less_a_line),
        "leaves.txt: not the leaves that were signed",
    ),
    "a leaf twice": (changing("leaves.txt", more_by_a_line), "leaves.txt, line "),
    "a result less": (changing(RESULTS, less_a_line), f"{RESULTS} ("),
    "a result twice": (changing(RESULTS, more_by_a_line), f"{RESULTS}: holds "),
    "a host less": (without(RESULTS), f"{RESULTS} (host): absent"),
    "a report less": (without("reports/compliance.html"), "reports/compliance.html: absent"),
    "a report more": (
        lambda members: {**members, "reports/x.html": b"<p>"},
        "reports/x.html: report changed since it was signed",
    ),
    "a manifest that is none": (
        changing("manifest.json", lambda _: b"[]"),
        "manifest.json: not a manifest",
    ),
    "a manifest without signature": (
        changing("manifest.json", unsigned),
        "manifest.json: not a manifest",
    ),
    "a manifest written in another way": (
        changing("manifest.json", spread),
        "manifest.json: not signed by the key of the run",
    ),
}


@pytest.mark.parametrize("forgery", FORGED)
def test_what_is_forged_is_named(forgery: str, whole: Path, tmp_path: Path) -> None:
    forge, message = FORGED[forgery]
    raw = stored_zip.pack(forge(stored_zip.unpack(whole.read_bytes())))
    with pytest.raises(BrokenError) as error:
        verify(written(tmp_path, raw))
    assert str(error.value).startswith(message)


def resigned(members: Members, key: SigningKey, **changes: str) -> Members:
    """Return members whose manifest says something else, signed with a key."""
    manifest = {**json.loads(members["manifest.json"])["manifest"], **changes}
    signature = key.sign(canonical(manifest))
    outer = {"manifest": manifest, "key": key.public, "signature": signature}
    return {**members, "manifest.json": canonical(outer)}


def test_a_manifest_is_of_its_own_run_and_by_its_own_key(whole: Path, tmp_path: Path) -> None:
    members = stored_zip.unpack(whole.read_bytes())
    own, foreign = signing_key(whole.parents[1] / "evidence"), signing_key(tmp_path)
    assert stored_zip.pack(resigned(members, own)) == whole.read_bytes()
    for forged in (resigned(members, own, run="00" * 32), resigned(members, foreign)):
        with pytest.raises(BrokenError, match=r"manifest\.json: not signed by the key of the run"):
            verify(written(tmp_path, stored_zip.pack(forged)))


def listed_anew(members: Members, name: str, content: bytes) -> Members:
    """Return members of which one is changed, in the manifest's list too; the signature stays."""
    outer = json.loads(members["manifest.json"])
    outer["manifest"]["files"][name] = hashlib.sha256(content).hexdigest()
    return {**members, name: content, "manifest.json": canonical(outer)}


def test_a_report_that_was_changed_in_the_list_as_well_lacks_the_signature(
    whole: Path, tmp_path: Path
) -> None:
    members = stored_zip.unpack(whole.read_bytes())
    forged = listed_anew(members, "reports/compliance.html", b"<p>300 of 264</p>")
    with pytest.raises(BrokenError, match=r"manifest\.json: not signed by the key of the run"):
        verify(written(tmp_path, stored_zip.pack(forged)))


def test_the_explanation_is_bastides_own_whoever_signed_another(
    whole: Path, tmp_path: Path
) -> None:
    members = stored_zip.unpack(whole.read_bytes())
    own = signing_key(whole.parents[1] / "evidence")
    forged = resigned(listed_anew(members, "README.txt", b"Send money first."), own)
    with pytest.raises(BrokenError, match=r"README\.txt: changed$"):
        verify(written(tmp_path, stored_zip.pack(forged)))


def test_a_chain_that_two_keys_signed_is_no_ones(tmp_path: Path) -> None:
    sealed(tmp_path / "one", "fresh")
    (tmp_path / "two" / "evidence").mkdir(parents=True)
    kept = tmp_path / "one" / "evidence" / "chain.jsonl"
    shutil.copy(kept, tmp_path / "two" / "evidence" / "chain.jsonl")
    run, _ = sealed(tmp_path / "two", days=1)
    with pytest.raises(BrokenError, match=r"chain\.jsonl: signed by more than one key"):
        verify(write_package(run, tmp_path / "two", {}))


@given(raw=st.binary(max_size=400))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_else_is_no_evidence(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(BrokenError):
        verify(written(tmp_path, raw))
