"""The running kernel, not the files that should have set it."""
# ruff: noqa: S101

from collections.abc import Mapping
from fnmatch import fnmatchcase

from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.facts.system import (
    configuration,
    container,
    manager_settings,
    skip_in_container,
    sysctls,
)

RANDOM = {"kernel.randomize_va_space": 2}
DEBUGGING = {"kernel.yama.ptrace_scope": 1}
DUMPABLE = "fs.suid_dumpable"
LINKS = {
    "fs.protected_hardlinks": 1,
    "fs.protected_symlinks": 1,
    "fs.protected_fifos": 1,
    "fs.protected_regular": 1,
}
HIDDEN = {"kernel.kptr_restrict": 1, "kernel.dmesg_restrict": 1, "kernel.perf_event_paranoid": 2}
KEXEC = {"kernel.kexec_load_disabled": 1}
UNPRIVILEGED = {"kernel.unprivileged_bpf_disabled": 1, "net.core.bpf_jit_harden": 2}
# Of these, as of what set-user-id programs dump, the highest acceptable value is 0.
OFF = ("dev.tty.ldisc_autoload", "vm.unprivileged_userfaultfd")
SYSRQ = "kernel.sysrq"
# Write disks out, make them read-only, restart: a mask beyond these shows or ends what runs.
HARMLESS_SYSRQ = 16 | 32 | 128
MODULES_CLOSED = "kernel.modules_disabled"
ASKED = (
    *(*RANDOM, *DEBUGGING, *LINKS, *HIDDEN, *KEXEC, *UNPRIVILEGED),
    *(*OFF, DUMPABLE, SYSRQ, MODULES_CLOSED),
)
UNUSED_FILE_SYSTEMS = ("cramfs", "freevxfs", "hfs", "hfsplus", "jffs2")
# A device on FireWire reads and writes all memory.
UNUSED_DEVICES = ("usb-storage", "firewire-core", "firewire-ohci")
UNUSED_PROTOCOLS = ("dccp", "rds", "sctp", "tipc")
NEVER_LOADED = "modprobe --showconfig | grep -E '^install .* (/usr)?/bin/(true|false)$'"
LOADED = "cat /proc/modules"
SIGNED_ONLY = "cat /sys/module/module/parameters/sig_enforce /sys/kernel/security/lockdown"
# What systemd-sysctl would set at the next start: every drop-in, in its order. After an empty
# line, what those parameters are now.
SAVED_AND_RUNNING = (
    r"saved=$(/lib/systemd/systemd-sysctl --cat-config | grep -vE '^[[:space:]]*([#;]|$)'); "
    r"""printf '%s\n\n' "$saved"; cd /proc/sys && grep -sH . $(printf '%s\n' "$saved" | """
    r"sed -nE "
    r"-e 's/^[[:space:]]*-?([^=#;[:space:]]+)[[:space:]]*=.*$/\1/;T' -e '/\//!y#.#/#' -e p)"
)


def test_krn_01_random_addresses(host: Host) -> None:
    """Programs, libraries, stack and heap lie at other addresses at every start."""
    _at_least(host, RANDOM)


def test_krn_02_debugging(host: Host) -> None:
    """A program may look into its own children only."""
    _at_least(host, DEBUGGING)


def test_krn_03_core_dumps(host: Host) -> None:
    """No session, no service and no program with borrowed rights writes a core dump."""
    kind = container(host)
    session = host.check_output("ulimit -H -c")
    services = manager_settings(host).get("DefaultLimitCORE")
    values = sysctls(host, *ASKED)
    keeper = configuration(host, "coredump")
    assert session == "0", f"a session's core size limit is {session}, expected 0"
    assert services == "0", f"a service's core size limit is {services}, expected 0"
    storage = keeper.get("Storage", "external")
    assert storage == "none", f"systemd-coredump would keep dumps: Storage={storage}, not none"
    # In a container this one is the outer machine's.
    assert kind or values.get(DUMPABLE) == "0", f"{DUMPABLE} is {values.get(DUMPABLE)}, expected 0"


def test_krn_04_links(host: Host) -> None:
    """Links, pipes and files that somebody else put into a shared folder are not followed."""
    _at_least(host, LINKS)


def test_krn_05_hidden_addresses(host: Host) -> None:
    """The kernel tells its addresses, its messages and its counters to root only."""
    _at_least(host, HIDDEN)


def test_krn_06_kexec(host: Host) -> None:
    """The running kernel cannot be replaced by another one."""
    _at_least(host, KEXEC)


def test_krn_07_unprivileged_reach(host: Host) -> None:
    """Ordinary users reach neither BPF nor page faults nor rare terminal drivers."""
    _at_least(host, UNPRIVILEGED, off=OFF)


def test_krn_08_sysrq(host: Host) -> None:
    """The magic key does no more than to save disks and restart."""
    values = _kernels(host)
    value = int(values.get(SYSRQ, "1"))
    assert not value & ~HARMLESS_SYSRQ, f"{SYSRQ} is {value}, expected 0 or {HARMLESS_SYSRQ}"


def test_krn_09_unused_file_systems(host: Host) -> None:
    """File systems, USB storage and FireWire that no server here needs cannot be loaded."""
    _unloadable(host, UNUSED_FILE_SYSTEMS + UNUSED_DEVICES)


def test_krn_10_unused_protocols(host: Host) -> None:
    """Network protocols that no server here speaks cannot be loaded."""
    _unloadable(host, UNUSED_PROTOCOLS)


def test_krn_11_signed_modules(host: Host) -> None:
    """Only signed modules can be loaded, or none at all any more."""
    kind, parameters = container(host), sysctls(host, *ASKED)
    text = host.run(SIGNED_ONLY).stdout
    skip_in_container(kind, "kernel modules")
    closed = parameters.get(MODULES_CLOSED) == "1"
    enforced = text.startswith("Y") or "[integrity]" in text or "[confidentiality]" in text
    assert closed or enforced, "the kernel loads modules that nobody signed: no lockdown"


def test_krn_12_saved_is_running(host: Host) -> None:
    """Each parameter has the value that a restart would give it; in a container, the network's."""
    kind = container(host)
    saved, _, running = host.run(SAVED_AND_RUNNING).stdout.partition("\n\n")
    if not saved or not running:
        raise UndeterminedError("systemd-sysctl named no parameter, or none of them could be read")
    wanted, actual = _saved(saved), _running(running)
    drifted = [
        f"{name} is {value}, saved is {expected}"
        for name, value in sorted(actual.items())
        if (expected := _expected(name, wanted)) not in (None, value)
        and (kind is None or name.startswith("net/"))
    ]
    assert not drifted, "; ".join(drifted)


def _kernels(host: Host) -> dict[str, str]:
    """Return the kernel's own parameters; skips in a container, whose kernel is not its own."""
    kind, values = container(host), sysctls(host, *ASKED)
    skip_in_container(kind, "the kernel's own parameters")
    return values


def _at_least(host: Host, least: Mapping[str, int], off: tuple[str, ...] = ()) -> None:
    values = _kernels(host)
    wrong = [
        f"{name} is {values.get(name, 'absent')}, expected at least {value}"
        for name, value in least.items()
        if int(values.get(name, "-1")) < value
    ]
    wrong += [
        f"{name} is {values[name]}, expected 0" for name in off if values.get(name, "0") != "0"
    ]
    assert not wrong, "; ".join(wrong)


def _unloadable(host: Host, modules: tuple[str, ...]) -> None:
    kind, config, present = container(host), host.run(NEVER_LOADED), host.run(LOADED)
    skip_in_container(kind, "kernel modules")
    blocked = {_hyphens(line.split()[1]) for line in config.stdout.splitlines()}
    loaded = {_hyphens(line.split()[0]) for line in present.stdout.splitlines()}
    loadable = [name for name in modules if name not in blocked]
    assert not loadable, f"can be loaded: {', '.join(loadable)}"
    assert not loaded & set(modules), f"loaded now: {', '.join(sorted(loaded & set(modules)))}"


def _hyphens(module: str) -> str:
    return module.replace("_", "-")


def _saved(text: str) -> dict[str, str | None]:
    """Return what is set last for each name or pattern; None where `-name` takes it out again."""
    values: dict[str, str | None] = {}
    for line in text.splitlines():
        name, assigned, value = line.strip().removeprefix("-").partition("=")
        name = name.strip()
        path = name if "/" in name else name.replace(".", "/")
        values.pop(path, None)
        values[path] = " ".join(value.split()) if assigned else None
    return values


def _running(text: str) -> dict[str, str]:
    rows = (line.partition(":") for line in text.splitlines())
    return {path: " ".join(value.split()) for path, _, value in rows}


def _expected(name: str, saved: Mapping[str, str | None]) -> str | None:
    """Return a parameter's saved value; a pattern counts where nothing names the parameter."""
    if name in saved:
        return saved[name]
    depth = name.count("/")
    fitting = [p for p in saved if p.count("/") == depth and fnmatchcase(name, p)]
    return saved[fitting[-1]] if fitting else None
