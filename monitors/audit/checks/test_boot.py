"""What decides how the host starts, and what its services start with."""
# ruff: noqa: S101

import re

import pytest

from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.facts.services import services
from monitors.audit.facts.system import container, files, manager_settings, skip_in_container

GRUB = "/boot/grub/grub.cfg"
# The password's hash is not among what is printed.
GRUB_PASSWORD = rf"sed -nE 's/^[[:space:]]*(set superusers|password_pbkdf2)[= ].*/\1/p' {GRUB}"
APPARMOR = "cat /sys/module/apparmor/parameters/enabled /sys/kernel/security/apparmor/profiles"
COMMAND_LINE = "cat /proc/cmdline"
# Words of the kernel's command line (kernel-parameters(7), systemd(1)) that take protection away,
# or start something before, or instead of, what the disk has.
WEAKENING = re.compile(
    r"mitigations=off|no(kaslr|smep|smap|pti|spectre_v[12]|spec_store_bypass_disable|xsave\w*)"
    r"|(spectre_v2(_user)?|spec_store_bypass_disable|pti|l1tf|mds|tsx_async_abort|srbds|mmio_stale_data"
    r"|retbleed|gather_data_sampling|spec_rstack_overflow|reg_file_data_sampling|spectre_bhi)=off"
    r"|kvm\.nx_huge_pages=off|apparmor=0|security=(?!apparmor).*|selinux=0|lsm=(?!.*apparmor).*|audit=0"
    r"|lockdown=none|module\.sig_enforce=0|(rd)?init=(?!/lib/systemd/|/usr/lib/systemd/|/sbin/init).*"
    r"|single|[sS1]|emergency|rescue|-b|systemd\.(unit=(rescue|emergency|debug).*|debug[-_]shell.*"
    r"|run=.*|run-.*|wants=.*|mask=.*|setenv=.*|import_credentials=.*|set_credential.*)"
    r"|rd\.(break|systemd\.unit=.*)|break=.*|iommu=off|hardened_usercopy=off|slab_nomerge=0"
    r"|iomem=relaxed|init_on_(alloc|free)=0|vsyscall=native|norandmaps|nokexec_load|kgdb\w*=.*"
)
KEYBOARD = (
    "readlink -f /etc/systemd/system/ctrl-alt-del.target /etc/systemd/system/debug-shell.service"
)
# They change what is mounted for everyone, which a service with folders of its own cannot.
MOUNTING = ("bastide-mounts.service",)


def test_boot_01_password(host: Host) -> None:
    """Who changes how the host starts needs a password."""
    _, words = _grub(host)
    lacking = [w for w in ("set superusers", "password_pbkdf2") if w not in words]
    assert not lacking, f"{GRUB} has no {' and no '.join(lacking)}"


def test_boot_02_configuration(host: Host) -> None:
    """Only root reads and writes the boot loader's configuration, which has the password's hash."""
    mode, _ = _grub(host)
    assert not mode & 0o077, f"{GRUB} is {mode:04o}, expected at most 0600"


def test_boot_03_apparmor_on(host: Host) -> None:
    """The kernel confines programs by AppArmor."""
    enabled, profiles = _apparmor(host)
    assert enabled, "AppArmor is not enabled in the running kernel"
    assert profiles, "AppArmor is enabled, but no profile is loaded"


def test_boot_04_apparmor_enforces(host: Host) -> None:
    """Every loaded profile is enforced, not only complained about."""
    enabled, profiles = _apparmor(host)
    assert enabled, "AppArmor is not enabled in the running kernel"
    lenient = sorted(name for name, mode in profiles.items() if mode != "enforce")
    assert not lenient, f"not enforced: {', '.join(lenient)}"


def test_boot_05_keyboard(host: Host) -> None:
    """No key restarts the host, and no console is open without a password."""
    masked = host.run(KEYBOARD).stdout.split()
    burst = manager_settings(host).get("CtrlAltDelBurstAction")
    assert masked == ["/dev/null"] * 2, "ctrl-alt-del.target or debug-shell.service is not masked"
    assert burst == "none", f"seven presses of Ctrl-Alt-Del: {burst}, expected none"


def test_boot_06_own_services(host: Host) -> None:
    """This project's own services cannot gain rights and cannot write to the system."""
    own = [s for s in services(host).values() if s.name.startswith("bastide-") and s.programs]
    if not own:
        raise UndeterminedError("the host has no service of this project")
    wrong = [
        f"{unit.name}: {name}={unit.properties.get(name, '')}"
        for unit in own
        for name, good in (("NoNewPrivileges", ("yes",)), ("ProtectSystem", ("full", "strict")))
        if unit.properties.get(name) not in good
        and not (name == "ProtectSystem" and unit.name in MOUNTING)
    ]
    assert not wrong, "; ".join(wrong)


def test_boot_07_started_whole(host: Host) -> None:
    """The kernel was started with no word that takes protection away or starts something else."""
    kind, line = container(host), host.run(COMMAND_LINE).stdout
    skip_in_container(kind, "the kernel's command line")
    if not line.strip():
        raise UndeterminedError("the kernel does not show how it was started")
    weak = [word for word in line.split() if WEAKENING.fullmatch(word)]
    assert not weak, f"the kernel was started with {', '.join(weak)}"


def _grub(host: Host) -> tuple[int, list[str]]:
    """Return the mode of the boot loader's configuration and the words about passwords in it."""
    kind, stats, words = container(host), files(host, GRUB), host.run(GRUB_PASSWORD).stdout
    skip_in_container(kind, "kernel and boot loader")
    if not stats:
        pytest.skip(f"no GRUB: {GRUB} is not there, another boot loader or none starts the host")
    return stats[0].mode, words.splitlines()


def _apparmor(host: Host) -> tuple[bool, dict[str, str]]:
    """Return whether AppArmor is on, and the mode of every profile in the kernel."""
    kind, lines = container(host), host.run(APPARMOR).stdout.splitlines()
    skip_in_container(kind, "the kernel and its AppArmor")
    rows = [line.rpartition(" (") for line in lines if line.endswith(")")]
    return lines[:1] == ["Y"], {name: mode.rstrip(")") for name, _, mode in rows}
