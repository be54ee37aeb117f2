"""The seed: a small ISO image with cloud-init's documents, which every hypervisor can attach."""

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from infra.errors import failed

# What cloud-init looks for among the machine's disks.
LABEL = "cidata"
PROGRAM = "xorriso"


def seed_image(documents: Mapping[str, str]) -> bytes:
    """Return the image; its files exist here for a moment, in a folder of their owner's alone.

    InfraError when the program that makes it is not installed, or fails.
    """
    with tempfile.TemporaryDirectory(prefix="bastide-seed-") as folder:
        files, image = Path(folder) / "files", Path(folder) / "seed.iso"
        files.mkdir()
        for name, text in documents.items():
            (files / name).write_text(text, encoding="utf-8")
        _run((PROGRAM, "-as", "mkisofs", "-V", LABEL, "-J", "-r", "-o", str(image), str(files)))
        return image.read_bytes()


def _run(command: tuple[str, ...]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except FileNotFoundError:
        raise failed(
            "the seed image of a new machine",
            expected=f"the program {PROGRAM}",
            found="none on PATH",
            advice=f"apt-get install {PROGRAM}",
        ) from None
    if done.returncode != 0:
        raise failed(
            "the seed image of a new machine",
            expected=f"{PROGRAM} to write it",
            found=f"exit {done.returncode}: {' '.join(done.stderr.split()[-40:])}",
            advice="look whether the disk of temporary files is full",
        )
