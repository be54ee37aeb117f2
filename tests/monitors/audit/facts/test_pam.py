"""PAM's stacks, walked by somebody without a password: whoever gets past, and by which line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.audit.collect.backends import UndeterminedError, answering_host, recording
from monitors.audit.facts.pam import (
    PAM_LINES,
    pam_options,
    pam_services,
    stack_lines,
    strange_modules,
    way_past,
)
from monitors.collection.bundle import Answer
from tests.monitors.audit.estates import recorded

(DEBIAN,) = (r.stdout for r in recorded("hardened").recorded if r.command == PAM_LINES)
PERMIT = "auth sufficient pam_permit.so"


def past(text: str, service: str, kind: str = "auth") -> str | None:
    return way_past(service, kind, pam_services(text)[service][kind])


def before(service: str, line: str) -> str:
    """The recorded host with a line before all others of a service."""
    return f"/etc/pam.d/{service} {line}\n{DEBIAN}"


def of(*lines: str, service: str = "login") -> str:
    return "".join(f"/etc/pam.d/{service} {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("service", "line"),
    [
        ("sudo", "auth sufficient pam_permit.so"),
        ("sshd", "auth [success=done default=ignore] pam_permit.so"),
        ("sudo", "auth sufficient pam_rootok.so"),
        ("login", "auth sufficient pam_succeed_if.so user = www-data"),
        ("common-auth", "auth sufficient pam_listfile.so item=user sense=allow file=/tmp/x"),
        ("su", "auth sufficient pam_wheel.so trust"),
        ("common-auth", "auth [success=5 default=ignore] pam_localuser.so"),
        ("sudo", "auth [default=done] pam_env.so"),
    ],
)
def test_one_line_before_the_others_lets_everybody_in(service: str, line: str) -> None:
    assert past(before(service, line), service) == line


def test_a_line_that_lets_in_is_found_through_includes() -> None:
    assert past(before("common-auth", PERMIT), "sudo") == PERMIT
    assert past(before("common-account", "account sufficient pam_permit.so"), "sshd", "account")


@pytest.mark.parametrize("kind", ["auth", "account"])
def test_debians_own_stacks_let_nobody_past(kind: str) -> None:
    for service, kinds in pam_services(DEBIAN).items():
        assert way_past(service, kind, kinds[kind]) is None
        assert strange_modules(kinds[kind], kind) == []


def test_without_the_refusal_at_the_end_a_wrong_password_is_good_enough() -> None:
    kept = [line for line in DEBIAN.splitlines() if "authfail" not in line]
    open_end = "\n".join(kept).replace("pam_deny.so", "pam_permit.so")
    assert past(open_end, "sshd")


@pytest.mark.parametrize(
    "lines",
    [
        ("auth required pam_permit.so", "auth required pam_unix.so"),
        ("auth requisite pam_unix.so", PERMIT),
        ("auth required pam_deny.so", PERMIT),
        ("auth optional pam_permit.so", "auth requisite pam_sss.so"),
        ("auth [success=1 default=ignore] pam_unix.so", "auth requisite pam_deny.so", PERMIT),
    ],
)
def test_what_only_helps_whoever_has_proved_it_lets_nobody_in(lines: tuple[str, ...]) -> None:
    assert past(of(*lines), "login") is None


def test_a_substack_ends_itself_and_not_what_includes_it() -> None:
    text = of("auth substack inner", "auth required pam_unix.so") + of(PERMIT, service="inner")
    assert past(text, "login") is None
    text = of("auth include inner", "auth required pam_unix.so") + of(PERMIT, service="inner")
    assert past(text, "login") == PERMIT


def test_the_screen_that_asks_for_the_login_is_no_login() -> None:
    assert (
        past(of("auth required pam_permit.so", service="lightdm-greeter"), "lightdm-greeter")
        is None
    )


@pytest.mark.parametrize(
    "line",
    [
        "auth required pam_exec.so /tmp/x",
        "session optional /tmp/pam_unix.so",
        "auth sufficient pam_evil.so",
    ],
)
def test_a_module_that_is_not_known_is_named(line: str) -> None:
    kind = line.split()[0]
    assert strange_modules(pam_services(of(line))["login"][kind], kind) == [line]


@pytest.mark.parametrize(
    "line",
    [
        "auth",
        "auth maybe pam_unix.so",
        "auth [success=perhaps] pam_unix.so",
        "@include nowhere",
        "authx required pam_unix.so",
    ],
)
def test_a_line_that_is_not_understood_is_refused(line: str) -> None:
    with pytest.raises(UndeterminedError):
        pam_services(of(line))


def test_files_that_include_each_other_are_refused() -> None:
    with pytest.raises(UndeterminedError, match="includes itself"):
        pam_services(of("@include login"))


def test_a_stack_has_the_included_lines_in_place() -> None:
    text = of("auth optional pam_env.so", "@include more", "-auth optional pam_cap.so")
    text += of(
        "auth include last", "auth substack last", "account required pam_unix.so", service="more"
    )
    text += of("auth   required pam_permit.so", service="last")
    host, _ = answering_host("any", recording(Answer(0, text)))
    assert stack_lines(host, "login", "auth") == (
        "auth optional pam_env.so",
        "auth   required pam_permit.so",
        "auth   required pam_permit.so",
        "-auth optional pam_cap.so",
    )
    assert stack_lines(host, "absent", "auth") == ()


def test_options_of_pam_are_what_has_a_value_but_no_control() -> None:
    lines = ("auth [success=1] pam_unix.so rounds=5", "auth required pam_faillock.so deny=3 audit")
    assert pam_options(lines) == {"rounds": "5", "deny": "3"}


BLANKS = st.sampled_from([" ", "\t", "  ", " \t "])
CASES = st.sampled_from([str.lower, str.upper, str.title])
CONTROLS = st.sampled_from(
    [
        "sufficient",
        "[success=done default=ignore]",
        "[success=done new_authtok_reqd=done default=ignore]",
        "[default=ignore success=done]",
    ]
)
MODULES = st.sampled_from(
    [
        "pam_permit.so",
        "/lib/x86_64-linux-gnu/security/pam_permit.so",
        "/usr/lib/security/pam_permit.so",
    ]
)


@given(
    BLANKS,
    BLANKS,
    CASES,
    CONTROLS,
    MODULES,
    st.booleans(),
    st.sampled_from(["", " # why", "\tdebug"]),
)
def test_however_it_is_written_the_same_line_lets_in(
    first: str, second: str, case: object, control: str, module: str, cut: bool, end: str
) -> None:
    join = f"{second}\\\n/etc/pam.d/sudo {second}" if cut else second
    assert callable(case)
    line = f"{case('auth')}{first}{control}{join}{module}{end}"
    assert past(before("sudo", line), "sudo")
