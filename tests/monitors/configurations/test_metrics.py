"""What the exporter says of kept configurations."""

from datetime import UTC, datetime
from pathlib import Path

from monitors.configurations.metrics import collect
from monitors.configurations.records import Record, write_record
from monitors.configurations.saving import expected
from tests.monitors.configurations.device_server import Device
from tests.monitors.configurations.gear import LAB, configuration, with_configuration

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
AT = datetime(2026, 11, 29, tzinfo=UTC)


def samples(state: Path, record: Record | None = None, text: str = "") -> dict[str, float]:
    estate = with_configuration(configuration(state, Device(22, HOST_KEY), "ios"))
    (kept,) = expected(estate)
    if record:
        write_record(state, kept.name, record)
    if text:
        (state / "configurations" / "status" / f"{kept.name}.json").write_text(text)
    found = [sample for family in collect(state, estate) for sample in family.samples]
    return {f"{s.name.removeprefix('bastide_configuration_')}": s.value for s in found}


def test_a_device_that_was_never_read_is_expected(tmp_path: Path) -> None:
    assert samples(tmp_path) == {"expected_info": 1}


def test_times_are_those_of_the_record(tmp_path: Path) -> None:
    record = Record(tried=AT, succeeded=AT, changed=AT)
    when = {
        "last_success_timestamp_seconds": AT.timestamp(),
        "changed_timestamp_seconds": AT.timestamp(),
    }
    assert samples(tmp_path, record) == {"expected_info": 1, **when}


def test_a_failure_says_its_kind_and_nothing_of_what_was_read(tmp_path: Path) -> None:
    record = Record(tried=AT, kind="doubt", problem="not stored: line 3 looks like a secret")
    assert samples(tmp_path, record) == {"expected_info": 1, "failed_info": 1}


def test_a_damaged_record_is_as_none(tmp_path: Path) -> None:
    record = Record(tried=AT, succeeded=AT)
    assert samples(tmp_path, record, text="{") == {"expected_info": 1}


def test_an_estate_without_such_devices_has_no_samples(tmp_path: Path) -> None:
    assert not [sample for family in collect(tmp_path, LAB) for sample in family.samples]
