"""Kept bundles: the bytes that came, the newest of a host, never more read than one may have."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from monitors.audit.archive.bundles import keep, newest_bundle, read_bundle
from monitors.collection.bundle import MAX_PACKED_BYTES, BundleError
from tests.monitors.audit.estates import packed, recorded

APP = "velgora-app"
AT = recorded("fresh").collected
PACKED = packed("fresh", APP)


def test_a_bundle_is_kept_as_it_came_and_read_with_its_hash(tmp_path: Path) -> None:
    file = keep(PACKED, tmp_path, APP, AT)

    assert file.parent == tmp_path / "bundles" / APP
    assert file.read_bytes() == PACKED
    kept = read_bundle(file)
    assert kept.bundle == recorded("fresh").model_copy(update={"host": APP})
    assert kept.sha256 == hashlib.sha256(PACKED).hexdigest()


def test_the_newest_bundle_of_a_host_is_its_own_latest(tmp_path: Path) -> None:
    later = keep(PACKED, tmp_path, APP, AT + timedelta(days=1))
    keep(PACKED, tmp_path, APP, AT)
    keep(PACKED, tmp_path, "velgora-files", AT + timedelta(days=2))
    (later.parent / "zz.txt").write_text("no bundle")

    assert newest_bundle(tmp_path, APP) == later
    assert newest_bundle(tmp_path, "kastrava-app") is None


def test_a_file_larger_than_any_bundle_is_refused_before_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "huge.json.gz"
    with file.open("wb") as content:
        content.truncate(1 << 40)  # sparse: reading all of it would end here

    with pytest.raises(BundleError, match=f"oversized: {MAX_PACKED_BYTES + 1} bytes"):
        read_bundle(file)
