"""What runs on the host: clock, updates, journal, SNMP, and what should not be there."""
# ruff: noqa: S101

from monitors.security.backends import Host
from monitors.security.facts import (
    TIME_SERVICES,
    UPDATE_TIMERS,
    active_units,
    settings,
)

MAX_OFFSET_SECONDS = 1.0
UPDATE_SETTINGS = ("APT::Periodic::Update-Package-Lists", "APT::Periodic::Unattended-Upgrade")
CLEAR_TEXT = (
    "inetutils-telnetd inetutils-inetd openbsd-inetd xinetd telnetd telnet inetutils-telnet "
    "rsh-server rsh-client rsh-redone-server rsh-redone-client nis ypbind-mt ypserv "
    "tftpd tftpd-hpa atftpd tftp tftp-hpa talk talkd"
)
# Of a line with a secret only the keyword is printed.
SNMP_ACCESS = (
    r"sed -nE -e 's/^\s*(r[ow]community6?|com2sec6?|authcommunity|createUser)\s.*/\1/p' "
    r"-e '/^\s*(rouser|rwuser|authuser)\s/p' /etc/snmp/snmpd.conf /etc/snmp/snmpd.conf.d/*.conf"
)


def test_time_01_one_clock(host: Host) -> None:
    """Exactly one time service runs, and chrony agrees with the servers that it follows."""
    tracking = host.run("chronyc -n -c tracking").stdout.strip().split(",")
    running = active_units(host, *TIME_SERVICES)
    assert len(running) == 1, f"time services running: {', '.join(running) or 'none'}, expected 1"
    if running == ("chrony",):
        assert tracking[-1] == "Normal", f"chrony says: {tracking[-1] or 'nothing'}"
        offset = abs(float(tracking[4]))
        assert offset < MAX_OFFSET_SECONDS, f"the clock is {offset:.3f} s off"


def test_upd_01_unattended(host: Host) -> None:
    """Package lists are refreshed and security updates installed every day, unasked."""
    config = host.check_output("apt-config dump")
    program = host.run("command -v unattended-upgrade")
    timers = active_units(host, *UPDATE_TIMERS)
    dumped = dict(line.rstrip(";").split(" ", 1) for line in config.splitlines() if " " in line)
    off = [name for name in UPDATE_SETTINGS if dumped.get(name, '"0"') in ('"0"', '""')]
    assert program.rc == 0, "unattended-upgrades is not installed"
    assert not off, f"switched off in apt's effective configuration: {', '.join(off)}"
    assert timers == UPDATE_TIMERS, f"active timers: {', '.join(timers) or 'none'}"


def test_log_01_persistent_journal(host: Host) -> None:
    """The journal is kept on disk and has an upper size."""
    config = settings(host.check_output("systemd-analyze cat-config systemd/journald.conf"))
    stored = host.run("test -d /var/log/journal")
    storage, limit = config.get("Storage", "auto"), config.get("SystemMaxUse", "")
    assert stored.rc == 0, "/var/log/journal is absent: the journal is lost at every restart"
    assert storage == "persistent", f"Storage is {storage}, expected persistent"
    assert limit, "SystemMaxUse is not set: the journal may take a tenth of the disk"


def test_pkg_01_no_clear_text_services(host: Host) -> None:
    """No package of a clear-text remote service is installed."""
    out = host.run(f"dpkg-query -W -f '${{Package}} ${{db:Status-Status}}\\n' {CLEAR_TEXT}")
    rows = (line.split(" ") for line in out.stdout.splitlines())
    found = sorted(row[0] for row in rows if row[-1] == "installed")
    assert not found, f"installed: {', '.join(found)}"


def test_snmp_01_version_3_only(host: Host) -> None:
    """The SNMP agent is absent, or grants access to authPriv users only."""
    grants = [line.split() for line in host.run(SNMP_ACCESS).stdout.splitlines()]
    running = active_units(host, "snmpd")
    if not running:
        return
    open_names = sorted({words[0] for words in grants if "com" in words[0]})
    users = [words for words in grants if words[0] in ("rouser", "rwuser", "authuser")]
    loose = [" ".join(words) for words in users if not {"priv", "authpriv"} & set(words[2:])]
    assert not open_names, f"snmpd.conf grants access by community: {', '.join(open_names)}"
    assert users, "snmpd runs, but snmpd.conf grants access to no version 3 user"
    assert not loose, f"access without authPriv: {'; '.join(loose)}"
