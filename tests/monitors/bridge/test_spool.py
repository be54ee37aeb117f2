"""Files that smstools sends (its "SMS file format")."""

from pathlib import Path

from monitors.bridge.spool import put


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
