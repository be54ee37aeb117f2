"""qemu: one virtual machine, with one processor, that ends with the block that started it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY_MIB = 1024
END_SECONDS = 10.0
# Nested virtualisation may have the device and not the processor's help.
KVM_FLAGS = ("vmx", "svm")


def accelerator() -> str:
    """Return `kvm` where the processor helps, else `tcg`: emulation in software."""
    words = Path("/proc/cpuinfo").read_text().split()
    helped = Path("/dev/kvm").exists() and any(flag in words for flag in KVM_FLAGS)
    return "kvm" if helped else "tcg"


@contextmanager
def running(
    disk: Path, console: Path, *options: str, within: tuple[str, ...] = ()
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a machine from a disk (raw, or qcow2 by its name); its serial console goes to a file.

    `within`: the command that starts qemu in a network namespace. It ends when we do, too.
    """
    form = "qcow2" if disk.suffix == ".qcow2" else "raw"
    argv = (
        *within,
        *(
            "nice",
            "-n5",
            "setpriv",
            "--pdeathsig",
            "KILL",
            "qemu-system-x86_64",
            "-nodefaults",
            "-no-user-config",
            "-display",
            "none",
        ),
        *("-accel", accelerator(), "-cpu", "max", "-smp", "1", "-m", str(MEMORY_MIB)),
        *("-drive", f"file={disk},format={form},if=virtio,cache=unsafe,discard=unmap"),
        *("-serial", f"file:{console}", "-device", "virtio-rng-pci", *options),
    )
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
