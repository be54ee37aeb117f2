"""Files that smstools sends (its "SMS file format")."""

import os
import time
from pathlib import Path

from monitors.bridge.spool import GIVEN_UP_SECONDS, given_up, put, waiting_seconds


def test_a_spool_that_is_not_there_is_told(tmp_path: Path) -> None:
    problem = put(tmp_path / "none", "+38164123456", "PAGE x", "k")
    assert problem == f"cannot write into {tmp_path / 'none'}: No such file or directory"


def test_a_message_in_the_gsm_alphabet(tmp_path: Path) -> None:
    assert put(tmp_path, "+38164123456", "PAGE a_b: 5€", "k") == ""
    (file,) = tmp_path.iterdir()
    assert file.read_bytes() == b"To: 38164123456\nAlphabet: GSM\n\nPAGE a\x11b: 5\x1be"
    assert file.stat().st_mode & 0o777 == 0o660
    assert not file.name.startswith((".", "LOCKED"))


def test_a_message_that_needs_ucs2(tmp_path: Path) -> None:
    assert put(tmp_path, "+38164123456", "PAGE ш", "k") == ""
    (file,) = tmp_path.iterdir()
    header, _, body = file.read_bytes().partition(b"\n\n")
    assert header == b"To: 38164123456\nAlphabet: UCS2"
    assert body.decode("utf-16-be") == "PAGE ш"


def test_the_same_attempt_is_one_file_another_number_or_time_is_another(tmp_path: Path) -> None:
    for number, key in (("+38164123456", "k.0"), ("+38164123456", "k.0"), ("+38165123456", "k.0")):
        assert put(tmp_path, number, "PAGE x", key) == ""
    assert len(list(tmp_path.iterdir())) == 2
    put(tmp_path, "+38164123456", "PAGE x", "k.1800000000")
    assert len(list(tmp_path.iterdir())) == 3


def test_what_waits_for_the_modem_is_seen_wherever_smsd_keeps_it(tmp_path: Path) -> None:
    outgoing, checked = tmp_path / "outgoing", tmp_path / "checked"
    assert waiting_seconds(outgoing, 1000.0) == 0
    for folder in (outgoing, checked):
        folder.mkdir()
    put(outgoing, "+38164123456", "PAGE x", "k.0")
    (file,) = outgoing.iterdir()
    os.utime(file, (400, 400))
    # What others send is not ours to tell of.
    (outgoing / "theirs").touch()
    os.utime(outgoing / "theirs", (1, 1))
    assert waiting_seconds(outgoing, 1000.0) == 600
    file.rename(checked / file.name)
    assert waiting_seconds(outgoing, 1000.0) == 600
    (checked / file.name).unlink()
    assert waiting_seconds(outgoing, 1000.0) == 0


def test_what_smsd_gave_up_is_counted_for_an_hour(tmp_path: Path) -> None:
    outgoing, failed = tmp_path / "outgoing", tmp_path / "failed"
    assert given_up(outgoing, 1000.0) == 0
    for folder in (outgoing, failed):
        folder.mkdir()
    put(outgoing, "+38164123456", "PAGE x", "k.0")
    (file,) = outgoing.iterdir()
    (failed / "theirs").touch()
    now = time.time()
    assert given_up(outgoing, now) == 0
    # However long it waited before.
    os.utime(file, (1, 1))
    file.rename(failed / file.name)
    assert given_up(outgoing, now) == 1
    assert given_up(outgoing, now + GIVEN_UP_SECONDS + 60) == 0
