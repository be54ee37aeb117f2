"""What hosts are asked: plain shell, and nothing of what is known to write."""

import re
import subprocess
from pathlib import Path

import pytest

from monitors.collection.collector import functions
from monitors.inspection.commands import COMMANDS, MAX_FILE_BYTES

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


def test_what_a_command_cuts_is_more_than_is_taken_of_it() -> None:
    # Else a key or a job at the end of a long file was missed without a word.
    assert functions().MAX_OUTPUT_BYTES < MAX_FILE_BYTES


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOVGd9LLALxcgC59Iqr29BGsOFvLrTqQ3VBrGdy4sMpO"


def test_keys_are_found_where_a_match_block_has_them(tmp_path: Path) -> None:
    (tmp_path / "sshd_config").write_text('Match Group x\n\tauthorizedkeysfile="%h/k" none\n')
    (tmp_path / "passwd").write_text(f"ana:x:1:1::{tmp_path}:\nold:x:2:2::/nowhere:/bin/sh\n")
    (tmp_path / "k").write_text(f'environment="A=\xe9" {KEY}\n==> root /root/.ssh/x\n', "latin-1")
    command = COMMANDS["authorized_keys"].replace("/etc/passwd", str(tmp_path / "passwd"))
    command = command.replace("/etc/ssh/sshd_config ", f"{tmp_path}/sshd_config ")
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
    )
    assert done.stdout == (f'==> ana {tmp_path}/k\nenvironment="…" {KEY}\n= => root /root/.ssh/x\n')


def test_files_that_sudoers_names_are_read_and_no_line_is_a_title(tmp_path: Path) -> None:
    (tmp_path / "sudoers").write_text(f'@include {tmp_path}/town.d.x\n#includedir "{tmp_path}/d"\n')
    (tmp_path / "town.d.x").write_text("==> /etc/sudoers\n")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "it").write_text("ana ALL=ALL\n")
    command = COMMANDS["sudoers"].replace("/etc/sudoers", str(tmp_path / "sudoers"))
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert f"==> {tmp_path}/d/it" in lines
    assert lines[-2:] == [f"==> {tmp_path}/town.d.x", "= => /etc/sudoers"]


@pytest.mark.parametrize("subject", COMMANDS)
def test_no_command_prints_keys_of_wireguard(subject: str) -> None:
    asked = re.findall(r"\bwg show\b[^|;&]*", COMMANDS[subject])
    assert all(words == 'wg show all "$what" ' for words in asked)
    assert not re.search(r"showconf|private-key|preshared-keys|\bdump\b", COMMANDS[subject])


def test_of_the_files_of_wireguard_only_the_port_leaves_the_host(tmp_path: Path) -> None:
    (tmp_path / "wg0.conf").write_text(
        "[Interface]\nPrivateKey = 4Geheim=\n listenport=51820 # 7\n#ListenPort = 9\n"
    )
    command = COMMANDS["wireguard"].replace("/etc/wireguard", str(tmp_path))
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
    assert "configured 51820\n" in done.stdout
    assert not {"Geheim", "configured 9"} & set(re.findall(r"Geheim|configured 9", done.stdout))


@pytest.mark.parametrize(
    "line",
    [
        "clerk,198.51.100.9:51234,3411,3512,2026-11-29 08:00:00",
        "CLIENT_LIST,clerk,198.51.100.9:51234,10.9.0.6,,3411,3512,2026-11-29 08:00:00,1,UNDEF,0,0",
        "CLIENT_LIST\tclerk\t198.51.100.9:51234\t10.9.0.6\t\t3411\t3512\t2026-11-29\t1\tUNDEF",
    ],
    ids=["version 1", "version 2", "version 3"],
)
def test_of_openvpns_clients_the_address_alone_is_printed(tmp_path: Path, line: str) -> None:
    (tmp_path / "openvpn-status.log").write_text(
        f"TITLE,OpenVPN 2.6\nUpdated,2026-11-29 09:00:00\n{line}\n"
        "10.9.0.6,clerk,198.51.100.9:51234,2026-11-29 08:59:00\nGLOBAL STATS\nEND\n"
    )
    command = COMMANDS["openvpn"].replace("/var/log/openvpn", str(tmp_path))
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout == "198.51.100.9:51234\n"
