"""The kernel's own record of who changed what, as the running kernel has it."""
# ruff: noqa: S101

import re

from monitors.audit.collect.backends import Host
from monitors.audit.facts.system import container, skip_in_container, unit_state

STATE = "auditctl -s"
# What must be watched, by words that a loaded rule has; a rule may watch it by path or by call.
WATCHED = {
    "sudoers": r"/etc/sudoers\b",
    "sudoers.d": r"/etc/sudoers\.d",
    "users": r"/etc/passwd\b",
    "passwords": r"/etc/shadow\b",
    "groups": r"/etc/group\b",
    "time": r"-S \S*(adjtimex|settimeofday|clock_settime)",
    "modules": r"-S \S*(init_module|finit_module|delete_module)",
    "logins": r"/var/log/lastlog\b",
}
# Of records that are left out (auditctl(8)), those that only repeat what others of an event say.
EXCEPTING = re.compile(
    r"\bnever\b|(?<=[ ,])exclude\b(?!.*-F msgtype=(CWD|EOE|PROCTITLE|CRYPTO_\w+|BPF|AVC)$)"
)
SHOWN = 3
WHAT = "audit rules"


def test_aud_01_auditd_runs(host: Host) -> None:
    """Auditing is enabled, auditd runs and starts again, and no record has been lost."""
    kind = container(host)
    lines, unit = host.run(STATE).stdout.splitlines(), unit_state(host, "auditd")
    skip_in_container(kind, WHAT)
    state = dict(line.split(" ", 1) for line in lines if " " in line)
    active, enabled = unit["ActiveState"], unit["UnitFileState"] or "absent"
    assert state.get("enabled") in ("1", "2"), "auditing is not enabled in the kernel"
    assert active == "active", f"auditd.service is {active}"
    assert enabled == "enabled", f"auditd.service is {enabled}: it does not start again"
    lost = state.get("lost", "0")
    assert lost == "0", f"{lost} records have been lost: raise the backlog (-b)"


def test_aud_02_rules_are_loaded(host: Host) -> None:
    """A loaded rule watches each of the things with which an intruder comes to stay."""
    kind = container(host)
    rules = host.run("auditctl -l").stdout
    skip_in_container(kind, WHAT)
    missing = [name for name, pattern in WATCHED.items() if not re.search(pattern, rules)]
    excepted = [rule for rule in rules.splitlines() if EXCEPTING.search(rule)]
    assert not missing, f"no loaded rule watches {', '.join(missing)}"
    assert not excepted, f"a loaded rule leaves records out: {'; '.join(excepted[:SHOWN])}"
