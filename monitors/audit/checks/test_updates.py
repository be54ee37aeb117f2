"""Security updates: that they install themselves, that they did, and from where they come."""
# ruff: noqa: S101

import re
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import yaml

from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.facts.apt import (
    CONFIGURATION,
    SOURCES,
    Apt,
    Pin,
    Repository,
    apt_lists,
    apt_settings,
    apt_sources,
    is_installed_from,
)
from monitors.audit.facts.apt_keys import KEYS, apt_keys
from monitors.audit.facts.apt_programs import strange_settings
from monitors.audit.facts.system import (
    KEPT,
    SYSTEMD,
    UPDATE_TIMERS,
    active_units,
    ask,
    host_time,
    kept_result,
    settings,
    system_time,
    unit_state,
    unit_time,
)
from monitors.audit.model.controls import Limits

UPDATE_SETTINGS = ("APT::Periodic::Update-Package-Lists", "APT::Periodic::Unattended-Upgrade")
PROGRAM = "command -v unattended-upgrade"
DAILY = ("1", "1d", "24h", "always")
UPDATE_SERVICES = {
    "apt-daily.service": "/apt/apt.systemd.daily update",
    "apt-daily-upgrade.service": "/apt/apt.systemd.daily install",
}
TIMER_HOURS = 49.0
UNATTENDED = "Unattended-Upgrade"
ORIGINS = (f"{UNATTENDED}::Origins-Pattern::", f"{UNATTENDED}::Allowed-Origins::")
# A blacklist that names one of these, or any name at all, keeps security updates from everybody.
CORE = ("openssl", "libc6", "openssh-server", "sudo", "linux-image-amd64", "systemd", "any-name-x")
# Never wanted on many servers, whoever publishes it.
PINNED_AWAY = ("snapd",)
SEEN = "/var/lib/bastide-facts/updates.json"
SEEN_HOURS = 3.0
DAY = 86400
DAYS_OF_WEEK = 7
NAMES_OF_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKDAYS = {text: n for n, name in enumerate(NAMES_OF_DAYS) for text in (name, str(n))}
# As far as a version may be named that leaves security updates in: the major one.
MAJOR = re.compile(r"([0-9]+:)?[0-9]+[.~+-]?\*")
# Below this apt installs no other version than the one that is there (apt_preferences(5)).
INSTALLED_PRIORITY = 100
OFFICIAL = ("Debian", "Ubuntu")
# Of a name that apt asks: the host itself, or addresses of nobody (RFC 6890).
NOWHERE = re.compile(
    r"(0|127|169\.254|192\.0\.2|198\.51\.100|203\.0\.113|24\d|25\d)\.|::1?\s|::ffff:127|100::|2001:db8:"
)
# A mirror may be late by as much as that; the distribution signs anew several times a day.
STALE_DAYS = 2.0
UNVERIFIED = (
    "APT::Get::AllowUnauthenticated",
    "Acquire::AllowInsecureRepositories",
    "Acquire::AllowDowngradeToInsecureRepositories",
    "Acquire::AllowWeakRepositories",
)
VALIDITY = (
    *("Acquire::Check-Valid-Until", "Acquire::Check-Date"),
    *("Acquire::https::Verify-Peer", "Acquire::https::Verify-Host"),
)
OFF = ("", "0", "false", "no", "off", "without", "disable")
TRUSTED_BLINDLY = (
    # A sign of a comment within brackets is none, and a value may stand in the next line.
    r"grep -rsiEl '^[[:space:]]*[^#[:space:]].*\b(trusted|allow-insecure|allow-weak"
    r"|allow-downgrade-to-insecure)[[:space:]]*[+]?[=:][[:space:]]*(yes|true|1|on|with|enable|$)"
    r"|^(trusted|allow-(insecure|weak|downgrade-to-insecure))[[:space:]]*:"
    r"[[:space:]]*(yes|true|1|on|with|enable|$)' "
    "/etc/apt/sources.list /etc/apt/sources.list.d"
)
RELEASE = "cat /etc/os-release; echo ASKED=$(date +%s)"
RELEASES = Path(__file__).parent / "releases.yml"


def test_upd_01_unattended(host: Host) -> None:
    """Package lists are refreshed and security updates installed every day, unasked."""
    ask(host, CONFIGURATION, SOURCES, PROGRAM, SYSTEMD, KEPT)
    config, lists, apt = apt_settings(host), apt_lists(host), apt_sources(host)
    program = host.run(PROGRAM)
    timers = active_units(host, *UPDATE_TIMERS)
    units = {unit: unit_state(host, unit) for unit in (*UPDATE_TIMERS, *UPDATE_SERVICES)}
    now = host_time(host)
    off = [name for name in UPDATE_SETTINGS if config.get(name, "0").lower() not in DAILY]
    off += [n for n in ("APT::Periodic::Enable",) if config.get(n, "1").lower() in OFF]
    assert program.rc == 0, "unattended-upgrades is not installed"
    assert not off, f"switched off in apt's effective configuration: {', '.join(off)}"
    assert timers == UPDATE_TIMERS, f"active timers: {', '.join(timers) or 'none'}"
    idle = [text for unit in units if (text := _idle(unit, units, now))]
    assert not idle, "; ".join(idle)
    left_out = _left_out(lists, apt)
    assert not left_out, "; ".join(left_out)


def _idle(unit: str, units: dict[str, dict[str, str]], now: float) -> str:
    """Return why a unit does not do its work, nothing when it does."""
    state = units[unit]
    if state.get("LoadState") in ("masked", "not-found", "error", "bad-setting"):
        return f"{unit} is {state['LoadState']}"
    if unit in UPDATE_SERVICES:
        command = re.findall(r"argv\[\]=(.*?) ; ", state.get("ExecStart", ""))
        if command and command[-1].endswith(UPDATE_SERVICES[unit]):
            return ""
        return f"{unit} starts {', '.join(command) or 'nothing'}"
    next_run = state.get("NextElapseUSecRealtime", "")
    if not next_run and _runs_now(units[f"{unit.removesuffix('.timer')}.service"], now):
        return ""
    if not next_run:
        return f"{unit} has no next run"
    hours = (system_time(next_run) - now) / 3600
    return f"{unit} runs next in {hours:.0f} h" if hours > TIMER_HOURS else ""


def _runs_now(service: dict[str, str], now: float) -> bool:
    """Return whether a timer's service is at work; systemd plans the next run when it has ended."""
    at_work = service.get("ActiveState") in ("activating", "active", "deactivating")
    return at_work and (now - unit_time(service)) / 3600 <= TIMER_HOURS


def _left_out(lists: dict[str, list[str]], apt: Apt) -> list[str]:
    """Return why unattended-upgrades would leave security updates out."""
    patterns = [value for name in ORIGINS for value in lists.get(name, []) if value]
    security = [repository for repository in apt.sources if repository.is_security]
    taken = [r for r in security for p in patterns if is_installed_from(p, r, apt)]
    names = lists.get(f"{UNATTENDED}::Package-Blacklist::", [])
    broad = [name for name in names if any(re.match(name, core) for core in CORE)]
    only = [v for v in lists.get(f"{UNATTENDED}::Package-Whitelist::", []) if v]
    days = [v for v in lists.get(f"{UNATTENDED}::Update-Days::", []) if v]
    every = {WEEKDAYS.get(day.strip().lower()[:3], -1) for day in days} >= set(range(DAYS_OF_WEEK))
    wrong = {
        "unattended-upgrades has no origin": not patterns,
        f"unattended-upgrades takes nothing of security: {', '.join(patterns)}": bool(
            patterns and security and not taken
        ),
        f"Package-Blacklist leaves out {', '.join(broad)}": bool(broad),
        f"Package-Whitelist leaves out all but {', '.join(only)}": bool(only),
        f"updates on {', '.join(days)} only": bool(days) and not every,
    }
    return [text for text, is_so in wrong.items() if is_so]


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
    config, strange = apt_settings(host), strange_settings(apt_lists(host))
    blind = host.run(TRUSTED_BLINDLY).stdout.split()
    report, _ = kept_result(host, SEEN, SEEN_HOURS)
    loose = [name for name in UNVERIFIED if config.get(name, "0").lower() not in OFF]
    loose += [name for name in VALIDITY if config.get(name, "true").lower() in OFF]
    unsigned = [r["uri"] for r in report["repositories"] if r["trusted"] != "yes"]
    foreign = [f"{r['uri']} ({r['origin']})" for r in _foreign(report["repositories"])]
    assert report["repositories"], "apt has no repository at all"
    assert not loose, f"apt takes what nobody signed: {', '.join(loose)}"
    assert not blind, f"signatures are not asked for in {', '.join(blind)}"
    assert not strange, f"apt runs or reads what is not known: {'; '.join(strange[:5])}"
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


def test_upd_07_security_preferred(host: Host) -> None:
    """The security repository of the release is a source, and apt prefers nothing older to it."""
    ask(host, SOURCES, CONFIGURATION, KEPT)
    apt, now = apt_sources(host), host_time(host)
    if apt.distribution.capitalize() not in OFFICIAL:
        raise UndeterminedError(f"{apt.distribution or 'the system'} is not known")
    target = apt_settings(host).get("APT::Default-Release", "")
    security = [r for r in apt.sources if r.is_security and apt.codename in _base(r)]
    lowest = min((apt.priority(r, target) for r in security), default=0)
    official = (r for r in apt.sources if r.origin in OFFICIAL and not r.is_security)
    highest = max((apt.priority(r, target) for r in official), default=0)
    away = {
        name
        for pin in apt.pins
        if not pin.is_general and _keeps_away(pin, security, lowest)
        for name in pin.packages
        if name not in PINNED_AWAY
    }
    nowhere = [line for line in apt.led if NOWHERE.match(line)]
    old = [r.site for r in security if r.valid_until and now > r.valid_until + STALE_DAYS * DAY]
    assert not nowhere, f"/etc/hosts leads a source to {'; '.join(nowhere)}"
    assert not old, f"not fetched since it was valid last: {', '.join(old)}"
    assert security, f"no source brings security updates for {apt.codename}"
    assert lowest >= max(highest, INSTALLED_PRIORITY), (
        f"the security repository has priority {lowest}, others up to {highest}"
    )
    assert not away, f"pinned so that no update is installed: {', '.join(sorted(away)[:5])}"


def _keeps_away(pin: Pin, security: list[Repository], lowest: int) -> bool:
    """Whether a record for some packages keeps security updates of theirs from being installed."""
    of_security = any(map(pin.matches, security))
    if pin.priority < INSTALLED_PRIORITY:
        return pin.kind == "version" or of_security
    if pin.kind == "version":
        return pin.priority >= lowest and not MAJOR.fullmatch(pin.pattern)
    return pin.priority > lowest and not of_security


def _base(repository: Repository) -> tuple[str, ...]:
    return tuple(name.removesuffix("-security") for name in (repository.codename, repository.suite))


def test_upd_08_known_keys(host: Host) -> None:
    """Only the distribution's own keys say what is the distribution's, and none is for all."""
    ask(host, SOURCES, KEYS)
    apt, keys = apt_sources(host), apt_keys(host)
    # What others publish under their own name is UPD-05's: here, what passes for the distribution.
    origins = {repository.site.rstrip("/"): repository.origin for repository in apt.sources}
    passing = [
        f"{uri} by {key}"
        for uri, key in keys.named
        if not keys.is_known(key) and origins.get(uri, "") in ("", *OFFICIAL)
    ]
    for_all = [f"every source by {key}" for key in keys.for_all if not keys.is_known(key)]
    strange = sorted({*passing, *for_all})
    assert keys.packaged, "the distribution's package of keys is not installed"
    assert not strange, f"believed, and not by the distribution's own keys: {'; '.join(strange)}"


@cache
def releases() -> dict[str, dict[str, date]]:
    """Return the last day of support by distribution and version."""
    table: dict[str, dict[str, date]] = yaml.load(RELEASES.read_bytes(), Loader=yaml.CSafeLoader)
    return table
