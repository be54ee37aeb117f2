"""Databases, shares, containers, jobs and backups of a recorded host."""

from monitors.inspection.readers.containers import (
    published,
    read_container_networks,
    read_containers,
)
from monitors.inspection.readers.databases import read_databases
from monitors.inspection.readers.schedules import read_backups, read_jobs
from monitors.inspection.readers.shares import read_shares
from monitors.inspection.readers.sockets import read_listeners
from tests.monitors.inspection.recorded import text


def test_databases_are_named_without_a_password() -> None:
    postgresql, mariadb = read_databases(text("web", "postgresql"), text("web", "mysql"))
    assert (postgresql.engine, postgresql.port, postgresql.listens) == ("postgresql", 5432, "*")
    assert [name for name, _ in postgresql.databases] == ["postgres", "registar"]
    assert (mariadb.engine, mariadb.listens) == ("mariadb", "127.0.0.1")
    assert [name for name, _ in mariadb.databases] == ["tickets"]


def test_a_database_that_does_not_answer_says_why() -> None:
    refused = "port 5432\npsql: error: Peer authentication failed\n"
    (database,) = read_databases(refused, "")
    assert database.problem == "psql: error: Peer authentication failed"
    assert read_databases("", "") == ()


def test_shares_of_samba_and_nfs() -> None:
    shares = {s.name: s for s in read_shares(text("web", "samba"), text("web", "exports"))}
    assert set(shares) == {"sluzba", "direktor", "javno", "/srv/maps"}
    assert (shares["sluzba"].users, shares["sluzba"].writable) == ("@sluzba", True)
    assert (shares["javno"].users, shares["javno"].writable) == ("guests", False)
    assert shares["/srv/maps"].kind == "nfs"


def test_containers_and_what_they_publish() -> None:
    row = (
        '{"Names":"registar","Image":"town/registar:1","Networks":"town-net",'
        '"Ports":"0.0.0.0:8088->80/tcp, :::8088->80/tcp"}\nno json\n'
    )
    containers = read_containers(row, '[{"id":"ab","names":["db"],"metadata":"{}"}]')
    assert [(c.engine, c.name) for c in containers] == [("docker", "registar"), ("podman", "db")]
    proxy = read_listeners('tcp LISTEN 0 1 *:8088 *:* users:(("docker-proxy",pid=1,fd=4))', "", "")
    assert published(proxy, containers)[0].container == "registar"
    networks = read_container_networks(text("web", "docker_networks"), "")
    assert ("town-net", ("172.18.0.0/16",)) in {(n.name, n.subnets) for n in networks}


def test_timers_and_crontabs() -> None:
    jobs = read_jobs(text("web", "timers"), text("web", "cron"))
    by_source = {(job.source, job.user): job for job in jobs}
    disk = next(j for j in jobs if j.command == "/home/itadmin/bin/disk")
    assert (disk.when, disk.user) == ("40 3 1 * *", "itadmin")
    assert by_source["/etc/cron.d/kopija", "root"].command == "restic backup /srv"
    hourly = next(j for j in jobs if "cron.hourly" in j.command)
    assert (hourly.user, hourly.when) == ("root", "17 * * * *")
    timer = next(j for j in jobs if j.name == "dpkg-db-backup.timer")
    assert timer.when == "OnCalendar *-*-* 00:00:00"


def test_backups_that_are_there_are_found_and_say_from_what() -> None:
    jobs = read_jobs(text("web", "timers"), text("web", "cron"))
    backups = read_backups(text("web", "backups"), jobs)
    assert ("restic", "/etc/cron.d/kopija: restic backup /srv at 30 1 * * *") in {
        (b.program, b.evidence) for b in backups
    }
    assert "mysqldump" in {b.program for b in backups}
    assert not [b for b in backups if "dpkg-db-backup" in b.evidence]
