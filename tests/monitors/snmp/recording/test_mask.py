"""A masked recording: nothing that tells whose it is, everything that a profile needs."""

from dataclasses import replace
from pathlib import Path

import pytest

from monitors.snmp import oid
from monitors.snmp.client import WireBinding
from monitors.snmp.recording.mask import mask
from monitors.snmp.recording.reader import parse, read
from monitors.snmp.recording.recorded_session import poll_recording
from monitors.snmp.recording.sensitive import CREDENTIALS
from monitors.snmp.recording.snmprec import format_entries

KEY = b"a key for tests"
PLANTED = Path(__file__).parent / "private" / "planted.snmprec"
# All that was planted in the file; in what it becomes, none of it is left.
SECRETS = (
    "core-sw1", "velgora", "Maria", "Petrova", "Market Square", "operator-v3", "s3cret-community",
    "FOC1234X5YZ", "AS123-99", "192.168.17", "10.77.3.9", "203.0.113.77", "2001:db8:17", "0a4d03",
    "001b210a4d", "0A:4D:03", "27.33.10.77.3", "10.77.3.9", "0.27.33.10.77.3", "+381 11 555",
    "355432109876543", "8938103000012345678", "uplink to Kastrava", "hunter2", "c0a81105",
    "192.168.17.5",
)  # fmt: skip
SHARED = Path(__file__).resolve().parents[4].parent / "shared" / "recordings"
REAL = sorted(SHARED.glob("*.snmprec"))


def masked_text(words: tuple[str, ...] = ("s3cret-community",)) -> str:
    return format_entries(mask(read(PLANTED).entries, key=KEY, words=words).entries)


def values(shown: str) -> dict[str, str]:
    return {line.split("|")[0]: line.split("|", 2)[2] for line in shown.splitlines()}


def plain(shown: str) -> str:
    """Hex as text too, so that nothing hides in it."""
    decoded = [
        bytes.fromhex(line.rpartition("|")[2]).decode("latin-1")
        for line in shown.splitlines()
        if "x|" in line
    ]
    return (shown + "\n".join(decoded)).lower()


@pytest.mark.parametrize("secret", SECRETS)
def test_what_was_planted_is_gone(secret: str) -> None:
    before, after = plain(format_entries(read(PLANTED).entries)), plain(masked_text())
    assert secret.lower() in before
    assert secret.lower() not in after


def test_communities_and_users_are_left_out_as_a_whole() -> None:
    masked = mask(read(PLANTED).entries, key=KEY)
    assert masked.left_out == 3
    assert not any(entry.oid.startswith(CREDENTIALS) for entry in masked.entries)


def test_models_versions_and_numbers_stay() -> None:
    before, after = values(format_entries(read(PLANTED).entries)), values(masked_text())
    for kept in ("1.3.6.1.2.1.1.2.0", "1.3.6.1.2.1.2.2.1.10.1", "1.3.6.1.2.1.2.2.1.2.1"):
        assert after[kept] == before[kept]
    assert after["1.3.6.1.2.1.1.1.0"].startswith("Example OS 15.0.2.8 (EX-48P) on ")
    assert after["1.3.6.1.2.1.17.7.1.4.3.1.2.1"] == before["1.3.6.1.2.1.17.7.1.4.3.1.2.1"]


def test_the_same_value_becomes_the_same_other_wherever_it_is() -> None:
    after = values(masked_text())
    name = after["1.3.6.1.2.1.1.5.0"]
    assert name.count(".") == 2
    assert name.partition(".")[0] in after["1.3.6.1.2.1.1.1.0"]
    assert after["1.0.8802.1.1.2.1.3.3.0"] == name
    serial = after["1.3.6.1.2.1.47.1.1.1.1.11.1"]
    assert f"SN: {serial}" in after["1.3.6.1.2.1.1.1.0"]
    address = next(value for key, value in after.items() if key.startswith("1.3.6.1.2.1.4.20.1.1."))
    assert f"1.3.6.1.2.1.4.20.1.1.{address}" in after
    assert f"1.3.6.1.2.1.4.20.1.2.{address}" in after
    mac = after["1.3.6.1.2.1.2.2.1.6.1"]
    assert mac.startswith("001b21")
    assert (
        ":".join(mac[at : at + 2] for at in range(0, 12, 2)).upper()
        in after["1.3.6.1.4.1.32473.9.2.0"]
    )
    arcs = ".".join(str(octet) for octet in bytes.fromhex(mac))
    assert f"1.3.6.1.2.1.17.4.3.1.2.{arcs}" in after
    assert f"1.3.6.1.4.1.32473.9.9.1.3.{arcs}" in after


def test_addresses_of_one_network_stay_in_one_network() -> None:
    after = values(masked_text())
    first, second = (key for key in after if key.startswith("1.3.6.1.2.1.4.22.1.3.1."))
    assert first.rpartition(".")[0] == second.rpartition(".")[0]
    assert first.split(".")[11:13] == ["192", "168"]


def test_lengths_and_types_stay() -> None:
    original = read(PLANTED).entries
    masked = mask(original, key=KEY, words=["s3cret-community"])
    kept = [entry for entry in original if not entry.oid.startswith(CREDENTIALS)]
    assert len(masked.entries) == len(kept)
    shape = sorted((entry.tag, len(oid.split(entry.oid))) for entry in kept)
    assert sorted((entry.tag, len(oid.split(entry.oid))) for entry in masked.entries) == shape


def test_keys_decide_and_are_made_anew_each_time() -> None:
    entries = read(PLANTED).entries
    assert mask(entries, key=KEY) == mask(entries, key=KEY)
    assert mask(entries) != mask(entries)


def test_octets_that_are_no_oid_do_no_harm() -> None:
    odd = [
        WireBinding(oid.encode("1.3.6.1.2.1.1.2.0"), 6, b"\xff"),
        WireBinding(oid.encode("1.3.6.1.2.1.4.22.1.3.1.300.1"), 64, b"\1\2\3"),
        WireBinding(oid.encode("1.3.6.1.2.1.4.34.1.3.1.250.1"), 2, b"\1"),
        WireBinding(oid.encode("1.3.6.1.2.1.2.2.1.6.1"), 4, b"\0" * 7),
    ]
    assert set(mask(odd).entries) == set(odd)


@pytest.mark.skipif(not REAL, reason=f"{SHARED} is not here")
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_a_masked_device_is_still_a_recording_of_the_same_shape(path: Path) -> None:
    original = read(path).entries
    masked = mask(original, key=KEY)
    assert len(masked.entries) + masked.left_out == len(original)
    assert parse(format_entries(masked.entries).encode(), path.name).entries == masked.entries


def _measured(path: Path, entries: tuple[WireBinding, ...]) -> dict[str, list[float]]:
    _, families = poll_recording(replace(read(path), entries=entries))
    # The time of the last boot is reckoned from the present.
    values = {family.name: sorted(sample[1] for sample in family.samples) for family in families}
    return {name: samples for name, samples in values.items() if "boot_timestamp" not in name}


@pytest.mark.skipif(not REAL, reason=f"{SHARED} is not here")
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_a_masked_device_measures_what_it_measured(path: Path) -> None:
    original = read(path).entries
    assert _measured(path, mask(original, key=KEY).entries) == _measured(path, original)
