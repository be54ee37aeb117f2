"""Security updates: that they install themselves, that they did, and from where they come."""
# ruff: noqa: S101

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import yaml

from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.facts.system import UPDATE_TIMERS, active_units, kept_result, settings
from monitors.audit.model.controls import Limits

UPDATE_SETTINGS = ("APT::Periodic::Update-Package-Lists", "APT::Periodic::Unattended-Upgrade")
SEEN = "/var/lib/bastide-facts/updates.json"
SEEN_HOURS = 3.0
DAY = 86400
OFFICIAL = ("Debian", "Ubuntu")
UNVERIFIED = (
    "APT::Get::AllowUnauthenticated",
    "Acquire::AllowInsecureRepositories",
    "Acquire::AllowDowngradeToInsecureRepositories",
    "Acquire::AllowWeakRepositories",
)
OFF = ("", "0", "false", "no", "off", "without", "disable")
TRUSTED_BLINDLY = (
    r"grep -rsiEl '^[^#]*(trusted *= *yes|^trusted: *yes)' "
    "/etc/apt/sources.list /etc/apt/sources.list.d"
)
RELEASE = "cat /etc/os-release; echo ASKED=$(date +%s)"
RELEASES = Path(__file__).parent / "releases.yml"


def test_upd_01_unattended(host: Host) -> None:
    """Package lists are refreshed and security updates installed every day, unasked."""
    config = apt_settings(host)
    program = host.run("command -v unattended-upgrade")
    timers = active_units(host, *UPDATE_TIMERS)
    off = [name for name in UPDATE_SETTINGS if config.get(name, "0") in OFF]
    assert program.rc == 0, "unattended-upgrades is not installed"
    assert not off, f"switched off in apt's effective configuration: {', '.join(off)}"
    assert timers == UPDATE_TIMERS, f"active timers: {', '.join(timers) or 'none'}"


def test_upd_02_nothing_waits_long(host: Host, limits: Limits) -> None:
    """Every pending security update was first seen a short time ago."""
    report, now = kept_result(host, SEEN, SEEN_HOURS)
    days = {name: (now - float(since)) / DAY for name, since in report["security"].items()}
    late = [f"{name} {age:.0f} d" for name, age in sorted(days.items()) if age >= limits["days"]]
    held = sorted(set(report["held"]) & set(days))
    assert not late, f"security updates have been waiting: {', '.join(late)}"
    assert not held, f"security updates of packages that are on hold: {', '.join(held)}"


def test_upd_03_recent_success(host: Host, limits: Limits) -> None:
    """The nightly run has succeeded of late; a younger host has as long a grace."""
    report, now = kept_result(host, SEEN, SEEN_HOURS)
    days = (now - float(report["last_success"] or report["since"])) / DAY
    what = "succeeded last" if report["last_success"] else "has never succeeded, and was set up"
    assert days <= limits["days"], f"unattended-upgrades {what} {days:.0f} days ago"


def test_upd_04_restarted(host: Host, limits: Limits) -> None:
    """A restart that an update asks for has been due for a short time."""
    report, now = kept_result(host, SEEN, SEEN_HOURS)
    due = report["restart_required_since"]
    days = (now - float(due)) / DAY if due else 0.0
    assert days < limits["days"], f"a restart has been due for {days:.0f} days"


def test_upd_05_signed_official_sources(host: Host) -> None:
    """Signatures are demanded, verified, and are the distribution's own."""
    config = apt_settings(host)
    blind = host.run(TRUSTED_BLINDLY).stdout.split()
    report, _ = kept_result(host, SEEN, SEEN_HOURS)
    loose = [name for name in UNVERIFIED if config.get(name, "0").lower() not in OFF]
    unsigned = [r["uri"] for r in report["repositories"] if r["trusted"] != "yes"]
    foreign = [f"{r['uri']} ({r['origin']})" for r in _foreign(report["repositories"])]
    assert report["repositories"], "apt has no repository at all"
    assert not loose, f"apt takes what nobody signed: {', '.join(loose)}"
    assert not blind, f"signatures are not asked for in {', '.join(blind)}"
    assert not unsigned, f"without a valid signature: {', '.join(sorted(set(unsigned)))}"
    assert not foreign, f"not of the distribution: {', '.join(sorted(set(foreign)))}"


def _foreign(repositories: list[dict[str, str]]) -> list[dict[str, str]]:
    return [r for r in repositories if r["origin"] not in OFFICIAL]


def test_upd_06_supported_release(host: Host) -> None:
    """The release is in the table of those that get security updates, and its end is to come."""
    release = settings(host.check_output(RELEASE))
    name, version = (release[key].strip('"') for key in ("ID", "VERSION_ID"))
    today = datetime.fromtimestamp(int(release["ASKED"]), UTC).date()
    end = releases().get(name, {}).get(version)
    if end is None:
        raise UndeterminedError(f"{name} {version} is not in {RELEASES.name}: add its last day")
    assert today <= end, f"{name} {version} has had no security updates since {end}"


@cache
def releases() -> dict[str, dict[str, date]]:
    """Return the last day of support by distribution and version."""
    table: dict[str, dict[str, date]] = yaml.load(RELEASES.read_bytes(), Loader=yaml.CSafeLoader)
    return table


def apt_settings(host: Host) -> dict[str, str]:
    """Return apt's effective configuration, values without their quotes."""
    lines = (line.rstrip(";") for line in host.check_output("apt-config dump").splitlines())
    return {name: value.strip('"') for name, _, value in (line.partition(" ") for line in lines)}
