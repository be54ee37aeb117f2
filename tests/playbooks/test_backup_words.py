"""What restic, rclone and ssh have said when a backup failed, in an administrator's words."""

import pytest

from tests.playbooks.programs import program

in_words = program("bastide_words").in_words
PART = "data/94/946546e7"
AGAIN = f"Save(<{PART}>) returned error, retrying after 1 s: server response unexpected: 403"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            f"rclone: 2026/11/28 ERROR : {PART}: Post request put error: preallocate: file too big "
            f"for remaining disk space\n{AGAIN}\nrclone: 2026/11/28 ERROR : {PART}: Post request: "
            "file already exists, refusing to overwrite in append-only mode\n",
            "the disk of central-vault is full: rclone: ",
        ),
        ("rclone: write /srv/x: No space left on device\n", "the disk of central-vault is full: "),
        (
            "Fatal: unable to save snapshot: write /tmp/restic-pack-2: no space left on device",
            "a disk of this host is full: Fatal: ",
        ),
        (
            f"{AGAIN}\nrclone: x: file already exists, refusing to overwrite in append-only mode",
            "central-vault keeps a part of an upload that was cut off",
        ),
        ("rclone: ssh: connect to host x port 22: Connection timed out\nFatal: unexpected EOF",
         "central-vault cannot be reached: "),
        ("rclone: bastide-backup@192.0.2.1: Permission denied (publickey).", "does not know this"),
        ("rclone: Host key verification failed.", "another host key than the pinned one"),
        ("error: load <index/4c9573b640>: invalid data returned\nFatal: LoadIndex returned errors",
         "an index of the repository is damaged"),
        ("panic: runtime error: slice bounds out of range [16:7]\n\ngoroutine 38 [running]:",
         "a file of the repository is damaged, or not restic's own: panic: "),
    ],
)  # fmt: skip
def test_known_causes_are_named_with_the_line_that_shows_them(said: str, words: str) -> None:
    assert words in in_words(said, "central-vault")


def test_a_go_programs_stack_is_left_out() -> None:
    said = (
        "Fatal: the world ended\n\ngoroutine 1 [running]:\nmain.main()\n"
        "\t/build/restic-0.14.0/cmd/restic/main.go:98 +0x1\nruntime.goexit()\nexit status 2\n"
    )
    assert in_words(said, "central-vault") == "Fatal: the world ended"


def test_what_is_not_known_is_told_by_its_last_lines() -> None:
    assert in_words("1\n2\n\n3\n4\n5\n", "central-vault") == "2 / 3 / 4 / 5"
    assert in_words("\tall of it\n", "central-vault") == "\tall of it"
    assert in_words("", "central-vault") == ""
