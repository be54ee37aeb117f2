"""What hosts are asked: plain shell, and nothing of what is known to write."""

import subprocess

import pytest

from monitors.inspection.commands import COMMANDS

# Each makes a file, takes a lock or fetches lists (see commands.py).
WRITING = (
    "nginx -",
    "apache2ctl",
    "apachectl",
    "ufw status",
    "podman ps",
    "testparm",
    "apt-get update",
)


@pytest.mark.parametrize("subject", COMMANDS)
def test_a_command_is_posix_shell(subject: str) -> None:
    done = subprocess.run(
        ["/bin/dash", "-n", "-c", COMMANDS[subject]], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("subject", COMMANDS)
def test_no_command_is_one_that_writes(subject: str) -> None:
    command = COMMANDS[subject]
    assert not [word for word in WRITING if word in command]


def test_a_missing_program_is_not_there_and_no_error() -> None:
    environment = {"PATH": "/nowhere"}
    for subject in ("addresses", "connections", "nft", "docker", "fail2ban", "updates", "mysql"):
        done = subprocess.run(
            ["/bin/sh", "-c", COMMANDS[subject]],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 127, subject


def test_passwords_in_crontabs_stay_on_the_host() -> None:
    line = "0 1 * * * mysqldump -pGeheim7 --all-databases"
    silence = COMMANDS["cron"].partition("| sed -E ")[2].partition(";")[0]
    done = subprocess.run(
        ["/bin/sh", "-c", f"sed -E {silence}"],
        input=line,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Geheim7" not in done.stdout
    assert "mysqldump" in done.stdout
