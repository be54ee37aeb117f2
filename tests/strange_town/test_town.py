"""The town itself: it answers, its picture is true, and nothing of it stays."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.strange_town import allowed, picture, prober, probes, processes
from tests.strange_town import town as towns
from tests.strange_town.fixtures import Probing
from tests.strange_town.layout import PLANS, Ids
from tests.strange_town.picture import Difference
from tests.strange_town.town import Town
from tests.waiting import wait_until

pytestmark = [pytest.mark.town, pytest.mark.root]

HOSTS = tuple(plan.name for plan in PLANS)
PROBED_SECONDS = 5.0
RULE = "INPUT -s 10.6.6.6 -j ACCEPT"
COOKIES = "net.ipv4.tcp_syncookies"


def test_every_service_is_asked_each_quarter_of_a_second_and_answers(probing: Probing) -> None:
    with probing() as counts:
        time.sleep(PROBED_SECONDS)
    assert not counts.failures, counts
    assert min(counts.asked.values()) >= 3, counts  # a busy machine's slowest, with logins
    assert max(counts.asked.values()) >= PROBED_SECONDS / prober.EVERY_SECONDS / 2, counts


def test_a_service_that_stops_is_a_failed_probe(town: Town, probing: Probing) -> None:
    with probing() as counts:
        town.run("web", "systemctl", "stop", "nginx")
        time.sleep(1)
        town.run("web", "systemctl", "start", "nginx")
    failed = {failure.service for failure in counts.failures}
    assert failed == {"https-www", "https-www-ipv6", "https-eusluge", "http-redirect"}


def test_a_connection_that_is_cut_is_a_failed_probe(town: Town, probing: Probing) -> None:
    with probing() as counts:
        time.sleep(1)
        end = "select pg_terminate_backend(pid) from pg_stat_activity where usename='kancelarija'"
        town.run("web", "su", "postgres", "-c", f'psql -qc "{end}"')
        time.sleep(1)
    assert "postgresql-held" in {failure.service for failure in counts.failures}


@pytest.mark.parametrize("host", HOSTS)
def test_the_administrator_logs_in_by_ssh(town: Town, host: str) -> None:
    done = town.ssh(host, "id -un")
    assert done.stdout.strip() == town.hosts[host].user, done.stderr


def test_web_is_reached_through_the_jump_host_alone(town: Town) -> None:
    for address in town.hosts["web"].addresses:
        with pytest.raises(OSError, match=r"unreachable|timed out|refused|No route"):
            probes.banner(address, 2222)()


def test_sudo_asks_for_the_password_on_web(town: Town) -> None:
    refused = town.ssh("web", "sudo -n id -u")
    assert refused.returncode != 0
    assert "password is required" in refused.stderr
    password = town.hosts["web"].password
    done = town.ssh("web", f"echo {password} | sudo -S -p '' id -u")
    assert done.stdout.strip() == "0", done.stderr


def test_web_is_what_the_brief_asks_for(town: Town) -> None:
    assert "Status: active" in town.run("web", "ufw", "status")
    assert "Currently banned" in town.run("web", "fail2ban-client", "status", "sshd")
    assert town.run("web", "sysctl", "-n", "net.ipv4.ip_forward").strip() == "1"
    assert town.run("web", "date", "+%Z").strip() in {"CET", "CEST"}
    assert "bin/disk" in town.run("web", "crontab", "-l", "-u", "itadmin")
    assert "passwordauthentication yes" in town.run("web", "sshd", "-T")


@pytest.mark.parametrize("program", ["python3", "sudo", "ss", "ip"])
def test_bare_has_nothing(town: Town, program: str) -> None:
    with pytest.raises(processes.TownError):
        town.run("bare", "sh", "-c", f"command -v {program}")


@pytest.mark.parametrize("host", HOSTS)
def test_the_picture_of_an_untouched_host_is_equal_to_itself(town: Town, host: str) -> None:
    before = picture.take(town, host)
    assert before.subjects["file"]
    time.sleep(2)
    assert allowed.unexplained(before, picture.take(town, host)) == ()


@pytest.mark.parametrize("host", HOSTS)
def test_a_login_with_sudo_is_all_that_is_allowed(town: Town, host: str, probing: Probing) -> None:
    sudo = {
        "none": "true",
        "root": "true",
        "passwordless": "sudo id",
        "password": f"echo {town.hosts[host].password} | sudo -S -p '' id",
    }
    before = picture.take(town, host)
    with probing() as counts:
        assert town.ssh(host, sudo[town.hosts[host].sudo]).returncode == 0
    after = picture.take(town, host)
    assert allowed.unexplained(before, after) == ()
    assert not counts.failures, counts


def _flip_a_bit(path: Path) -> None:
    times = path.stat()
    with path.open("r+b") as file:
        first = file.read(1)
        file.seek(0)
        file.write(bytes([first[0] ^ 1]))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # content alone, times put back


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        (_flip_a_bit, {"content", "changed"}),
        (lambda path: path.chmod(0o4755), {"mode", "changed"}),
        (lambda path: os.utime(path, ns=(0, 1)), {"modified", "changed"}),
        (lambda path: os.chown(path, 7, -1), {"owner", "changed"}),
        (lambda path: os.setxattr(path, "user.x", b"1"), {"attributes", "changed"}),
    ],
    ids=["byte", "mode", "time", "owner", "attribute"],
)
def test_a_small_change_to_a_file_is_noticed(
    town: Town, change: Callable[[Path], None], fields: set[str]
) -> None:
    path = town.root("bare") / "root/probe"
    path.write_bytes(b"something")
    before = picture.take(town, "bare")
    change(path)
    (found,) = allowed.unexplained(before, picture.take(town, "bare"))
    path.unlink()
    assert (found.subject, found.name) == ("file", "/root/probe")
    assert found.fields == frozenset(fields)


@pytest.mark.parametrize(
    ("command", "subject", "name", "undo"),
    [
        ("useradd uljez", "account", "passwd uljez", "userdel uljez"),
        ("systemctl restart cron", "unit", "cron.service", "true"),
        (f"iptables -I {RULE}", "rule", "nft", f"iptables -D {RULE}"),
        (f"sysctl -qw {COOKIES}=0", "network", COOKIES, f"sysctl -qw {COOKIES}=1"),
        ("touch /srv/left", "file", "/srv/left", "rm /srv/left"),
    ],
)
def test_a_change_to_a_host_is_noticed(
    town: Town, command: str, subject: str, name: str, undo: str
) -> None:
    before = picture.take(town, "web")
    town.run("web", *command.split())
    after = picture.take(town, "web")
    town.run("web", *undo.split())
    assert (subject, name) in _names(allowed.unexplained(before, after))


def _names(found: tuple[Difference, ...]) -> set[tuple[str, str]]:
    return {(difference.subject, difference.name) for difference in found}


def test_a_file_that_was_in_a_home_for_a_moment_is_noticed(town: Town) -> None:
    home = town.root("web") / "home/itadmin"
    before = picture.take(town, "web")
    (home / "moment").touch()
    (home / "moment").unlink()
    found = _names(allowed.unexplained(before, picture.take(town, "web")))
    assert found == {("file", "/home/itadmin")}


def test_a_host_that_is_frozen_answers_nobody_and_goes_on(town: Town) -> None:
    with town.frozen("bare"):
        assert prober.ask_all(town)["ssh-bare"] is not None
    assert prober.ask_all(town)["ssh-bare"] is None


def test_a_host_is_halted_and_started_again(town: Town) -> None:
    town.halt("bare")
    assert prober.ask_all(town)["ssh-bare"] is not None
    town.start("bare")
    prober.wait(town)


def test_a_second_town_comes_up_beside_and_leaves_nothing(town: Town) -> None:
    other = towns.up(owner=os.getpid())
    try:
        prober.wait(other)
        assert other.number != town.number
        assert _traces(other.id)
    finally:
        towns.down(other.id)
    # A process that was ended shows its group until this machine's init has buried it.
    assert wait_until(lambda: not _traces(other.id), 30), _traces(other.id)
    assert prober.ask_all(town)["ssh-web"] is None


def _traces(town_id: str) -> list[str]:
    """Return where on this machine a town is to be seen."""
    word = f"town-{town_id}"
    found = [line for line in Path("/proc/mounts").read_text().splitlines() if word in line]
    found += [str(path) for path in Path("/run/netns").glob(f"{word}*")]
    found += [str(path) for path in Path("/sys/class/net").glob(f"{word}*")]
    found += [str(path) for path in Path("/run/systemd/nspawn").rglob(f"*{word}*")]
    found += [str(path) for group in processes.groups("") for path in group.glob(f"{word}*")]
    found += [str(path) for path in Ids("").folder.glob(f"{town_id}*") if path.is_dir()]
    for status in Path("/proc").glob("[0-9]*/cgroup"):
        try:
            found += [str(status)] if f"strange-town/{word}" in status.read_text() else []
        except OSError:
            continue
    return sorted(found)
