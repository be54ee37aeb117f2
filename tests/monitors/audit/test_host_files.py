"""A file of a host, from its newest bundle: its text, or why there is none that can be trusted."""

from datetime import timedelta
from pathlib import Path

import pytest

from monitors.audit.archive.bundles import keep
from monitors.audit.facts.system import KEPT
from monitors.audit.host_files import newest_content
from monitors.collection.bundle import Bundle, RecordedCommand, pack
from tests.monitors.audit.estates import recorded

APP, FILE = "velgora-app", "/var/lib/bastide/backup/status.json"
AT = recorded("fresh").collected


def bundle(text: str) -> Bundle:
    answer = RecordedCommand(command=KEPT, rc=0, stdout=text, stderr="", seconds=0)
    return recorded("fresh").model_copy(update={"host": APP, "recorded": (answer,)})


def test_a_host_without_a_bundle_has_no_content(tmp_path: Path) -> None:
    assert newest_content(tmp_path, APP, FILE) is None


def test_the_newest_bundle_has_the_content(tmp_path: Path) -> None:
    newer = f"1000\n{FILE} root 644\n{FILE}:new\n"
    path = keep(pack(bundle(newer)), tmp_path, APP, AT + timedelta(hours=1))
    keep(pack(bundle(newer.replace("new", "old"))), tmp_path, APP, AT)

    assert newest_content(tmp_path, APP, FILE) == (path, "new")


@pytest.mark.parametrize(
    ("packed", "reason"),
    [
        (pack(bundle(f"1000\n{FILE} app 644\n{FILE}:x\n")), "others may have written it"),
        (pack(bundle("1000\n")), "its timer on the host has not run yet"),
        (pack(bundle("").model_copy(update={"recorded": ()})), "is not in the bundle"),
        (b"no gzip", "not gzip"),
    ],
)
def test_what_cannot_be_trusted_is_an_error_that_names_the_bundle(
    tmp_path: Path, packed: bytes, reason: str
) -> None:
    path = keep(packed, tmp_path, APP, AT)
    with pytest.raises(ValueError, match=reason) as error:
        newest_content(tmp_path, APP, FILE)
    assert str(error.value).startswith(f"{path}: ")
