"""Passwords: how they are stored, how good they have to be and how long they last."""
# ruff: noqa: S101

from monitors.audit.collect.backends import Host
from monitors.audit.facts.accounts import (
    FAILLOCK,
    LOGIN_DEFS,
    QUALITY,
    account_settings,
    accounts,
    groups_with_passwords,
    passwords,
    today,
    unshadowed,
    within,
)
from monitors.audit.facts.pam import (
    pam_options,
    stack_lines,
    stacks,
    strange_modules,
    way_past,
)
from monitors.audit.model.controls import Limits

STRONG_SCHEMES = {"y", "gy", "6"}
STRONG_METHODS = {"yescrypt", "gost_yescrypt", "sha512"}
ASK_FOR_PASSWORDS = ("login", "sudo", "su")
LONGEST_WARNING_DAYS = 90
SHOWN = 5


def test_pwd_01_no_empty_password(host: Host) -> None:
    """No account lets everybody in, and every hash is in the shadow file."""
    empty = [password.name for password in passwords(host) if password.scheme == "empty"]
    open_to_all, joined = unshadowed(host), groups_with_passwords(host)
    assert not empty, f"no password is asked of: {', '.join(empty)}"
    assert not open_to_all, f"password outside the shadow file: {', '.join(open_to_all)}"
    assert not joined, f"whoever knows its password may join the group {', '.join(joined)}"


def test_pwd_02_strong_hashes(host: Host) -> None:
    """Every password is stored as yescrypt or SHA-512, and so will new ones be."""
    stored = [p for p in passwords(host) if p.is_usable and p.scheme != "empty"]
    stack = [line for line in stack_lines(host, "passwd", "password") if "pam_unix.so" in line]
    method = account_settings(host, LOGIN_DEFS).get("ENCRYPT_METHOD", "DES").lower()
    weak = [f"{p.name}: {p.scheme}" for p in stored if p.scheme not in STRONG_SCHEMES]
    assert not weak, f"weak hash: {', '.join(weak)}"
    assert any(STRONG_METHODS & set(line.split()) for line in stack), (
        "pam_unix stores new passwords as neither yescrypt nor sha512"
    )
    assert method in STRONG_METHODS, f"ENCRYPT_METHOD is {method}, expected yescrypt or sha512"


def test_pwd_03_long_passwords(host: Host, limits: Limits) -> None:
    """The password module is in force and asks for a long password."""
    lines = [line for line in stack_lines(host, "passwd", "password") if "pam_pwquality.so" in line]
    options = {**account_settings(host, QUALITY), **pam_options(lines)}
    length = int(options.get("minlen", "8"))
    assert lines, "pam_pwquality is not in PAM's password stack"
    shortest = limits["characters"]
    assert length >= shortest, f"minlen is {length}, expected at least {shortest}"
    assert options.get("enforcing") != "0", "enforcing is 0: a bad password is complained of only"


def test_pwd_04_failures_are_counted(host: Host, limits: Limits) -> None:
    """After a few wrong passwords an account is locked for a while, whatever asks for them."""
    stacks = {name: stack_lines(host, name, "auth") for name in ASK_FOR_PASSWORDS}
    lines = [line for stack in stacks.values() for line in stack if "pam_faillock.so" in line]
    options = {**account_settings(host, FAILLOCK), **pam_options(lines)}
    deny, unlock = int(options.get("deny", "3")), int(options.get("unlock_time", "600"))
    without = [name for name, stack in stacks.items() if not _counts_failures(stack)]
    assert not without, f"pam_faillock does not count the failures of {', '.join(without)}"
    assert 0 < deny <= limits["failures"], f"deny is {deny}, expected 1 to {limits['failures']}"
    assert unlock == 0 or unlock >= limits["locked_seconds"], (
        f"unlock_time is {unlock}, expected at least {limits['locked_seconds']} seconds, or 0"
    )


def _counts_failures(stack: tuple[str, ...]) -> bool:
    """Whether a stack asks pam_faillock before the password is tried, and tells it afterwards."""
    kinds = ("pam_faillock.so preauth", "pam_unix.so", "pam_faillock.so authfail")
    places = [next((i for i, line in enumerate(stack) if kind in line), -1) for kind in kinds]
    return -1 not in places and places == sorted(places)


def test_pwd_05_no_former_passwords(host: Host, limits: Limits) -> None:
    """A password that was used before is refused."""
    lines = [line for line in stack_lines(host, "passwd", "password") if "pam_pwhistory.so" in line]
    remembered = int(pam_options(lines).get("remember", "10"))
    assert lines, "pam_pwhistory is not in PAM's password stack"
    wanted = limits["remembered"]
    assert remembered >= wanted, f"remember is {remembered}, expected at least {wanted}"


def test_pwd_06_ages(host: Host, limits: Limits) -> None:
    """Passwords have a longest age, their owners are warned, and an account without one lasts."""
    hashes, defaults = passwords(host), account_settings(host, LOGIN_DEFS)
    people = {account.name for account in accounts(host) if account.is_person}
    now = today(host)
    used = [password for password in hashes if password.is_usable]
    longest, warning = limits["oldest_days"], limits["warned_days"]
    old = [p.name for p in used if not within(p.oldest, longest)]
    unwarned = [p.name for p in used if (p.warned or 0) < warning]
    ahead = [p.name for p in used if (p.changed or 0) > now]
    cut_off = [p.name for p in hashes if p.name in people and not p.is_usable and p.expires]
    assert not old, f"password never has to be changed: {', '.join(old)}"
    assert not unwarned, f"not warned {warning} days ahead: {', '.join(unwarned)}"
    assert not ahead, f"password changed in the future: {', '.join(ahead)}"
    assert not cut_off, f"has no password, yet it expires, and keys with it: {', '.join(cut_off)}"
    ages = {"PASS_MAX_DAYS": (1, longest), "PASS_WARN_AGE": (warning, LONGEST_WARNING_DAYS)}
    for name, (least, most) in ages.items():
        days = int(defaults.get(name, "-1"))
        assert least <= days <= most, f"{name} is {days}, expected {least} to {most}"


def test_pwd_07_nobody_past_the_password(host: Host) -> None:
    """No way through PAM leads past the proof of who asks, and every module in it is known."""
    services = stacks(host)
    past = sorted(
        f"{service}: {line}"
        for service, kinds in services.items()
        for kind in ("auth", "account")
        if (line := way_past(service, kind, kinds[kind]))
    )
    strange = sorted(
        {
            line
            for kinds in services.values()
            for k, s in kinds.items()
            for line in strange_modules(s, k)
        }
    )
    assert services, "/etc/pam.d holds nothing"
    assert not past, f"lets in without a password: {'; '.join(past[:SHOWN])}"
    assert not strange, (
        f"not known, or with a file that is not root's own: {'; '.join(strange[:SHOWN])}"
    )
