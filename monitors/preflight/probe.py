"""What is read of a host once it is logged in to: one command that changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from inventory.enums import Level
from monitors.preflight.model import Finding, Mend, Step
from monitors.text import escaped_line

# Plain sh, df and read: a minimal image has no more. -I -B: no file is written.
COMMAND = r"""
id -u | sed 's/^/id /'
if python=$(command -v python3); then
  "$python" -I -B -c 'import sys; print("python", "%d.%d" % sys.version_info[:2])' 2>&1 | tail -n 1
fi
if [ -r /etc/os-release ]; then . /etc/os-release; echo "system ${ID:-} ${VERSION_ID:-}"; fi
for folder in /tmp /var; do
  df -Pk "$folder" 2>/dev/null | tail -n 1 | { read -r _ _ _ free _; echo "free $folder $free"; }
  if [ -w "$folder" ]; then echo "writable $folder"; fi
done
while read -r _ point _ options _; do
  case "$point" in /tmp) echo "options $options" ;; esac
done < /proc/mounts
read -r boot < /proc/sys/kernel/random/boot_id
if [ -r /etc/machine-id ]; then read -r machine < /etc/machine-id; fi
echo "machine ${boot:-} ${machine:-}"
if command -v systemd-detect-virt >/dev/null; then
  echo "container $(systemd-detect-virt --container)"
fi
"""
OLDEST_PYTHON = (3, 8)  # what ansible-core 2.19 runs on
TMP_MIB, DISK_MIB = 64, 512
KIB_A_MIB = 1024

Facts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Probe:
    """What the host said, judged."""

    passed: tuple[tuple[Step, str], ...]
    findings: tuple[Finding, ...]
    machine: str
    system: str
    container: str


def judge(output: bytes, host: str, level: Level) -> Probe:
    """Return what a host's answer to COMMAND means at a level of management."""
    facts = _facts(output)
    managed = level in (Level.BASELINE, Level.FULL)
    results = (
        _root(facts, host),
        _python(facts, host, managed),
        _tmp(facts, host, managed),
        _disk(facts, host, managed),
    )
    container = facts.get("container", "none")
    return Probe(
        passed=tuple(result for result in results if not isinstance(result, Finding)),
        findings=tuple(result for result in results if isinstance(result, Finding)),
        machine=facts.get("machine", "") if len(facts.get("machine", "").split()) > 1 else "",
        system=escaped_line(facts.get("system", "")),
        container="" if container == "none" else escaped_line(container),
    )


Judged = tuple[Step, str] | Finding


def _facts(output: bytes) -> dict[str, str]:
    facts = {}
    for line in output.decode("utf-8", "backslashreplace").splitlines():
        name, _, value = line.partition(" ")
        if name in ("free", "writable"):
            folder, _, value = value.partition(" ")
            name = f"{name} {folder}"
        facts[name] = value.strip()
    return facts


def _root(facts: Facts, host: str) -> Judged:
    if facts.get("id") == "0":
        return Step.SUDO, "root"
    problem = f"expected to be root, found the user number {escaped_line(facts.get('id', ''))!r}"
    return Finding(Step.SUDO, problem, Mend(f"on {host}, as root", "sudo -l -U USER"))


def _python(facts: Facts, host: str, managed: bool) -> Judged:
    version = facts.get("python", "")
    install = Mend(f"on {host}, as root", "apt-get install -y python3")
    numbers = tuple(int(part) for part in version.split(".") if part.isdigit())
    if not numbers:
        none = "none yet: the first playbook installs it" if managed else "none: sh reads the host"
        return Step.PYTHON, none
    if managed and numbers < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        problem = f"expected Python {wanted} or newer, found {escaped_line(version)}"
        return Finding(Step.PYTHON, problem, install)
    return Step.PYTHON, version


def _tmp(facts: Facts, host: str, managed: bool) -> Judged:
    free, options = _mib(facts, "/tmp"), facts.get("options", "").split(",")  # noqa: S108
    # Nothing of ours is executed there; a hardened host forbids it.
    more = ", nothing is executed there" if "noexec" in options else ""
    if managed and "writable /tmp" not in facts:
        mend = Mend(f"on {host}, as root", "mount -o remount,rw /tmp")
        return Finding(Step.TMP, "expected /tmp to be writable, found that it is not", mend)
    if managed and free is not None and free < TMP_MIB:
        mend = Mend(f"on {host}, as root", "du -xah /tmp | sort -h | tail")
        return Finding(Step.TMP, f"expected {TMP_MIB} MiB free in /tmp, found {free}", mend)
    return Step.TMP, _free(free) + more


def _disk(facts: Facts, host: str, managed: bool) -> Judged:
    free = _mib(facts, "/var")
    if managed and free is not None and free < DISK_MIB:
        mend = Mend(f"on {host}, as root", "apt-get clean && journalctl --vacuum-size=100M")
        return Finding(Step.DISK, f"expected {DISK_MIB} MiB free in /var, found {free}", mend)
    return Step.DISK, _free(free)


def _mib(facts: Facts, folder: str) -> int | None:
    text = facts.get(f"free {folder}", "")
    return int(text) // KIB_A_MIB if text.isascii() and text.isdigit() else None


def _free(mib: int | None) -> str:
    return "unknown" if mib is None else f"{mib} MiB free"
