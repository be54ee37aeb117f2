"""Security updates: that they install themselves, and that they did."""
# ruff: noqa: S101

from monitors.security.backends import Host
from monitors.security.facts import UPDATE_TIMERS, active_units

UPDATE_SETTINGS = ("APT::Periodic::Update-Package-Lists", "APT::Periodic::Unattended-Upgrade")


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
