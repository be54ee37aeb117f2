"""What edges say of their gateways, as metrics of node_exporter."""

import os
import re
import subprocess
from pathlib import Path

from tests.playbooks.ansible import ROLES
from tests.playbooks.stubs import Stubs

PROGRAM = ROLES / "edge/files/ask_gateways.sh"
SAMPLE = re.compile(
    r'^bastide_gateway_answers\{uplink="(\w+)",gateway="([\da-f.:]+)"\} (\d)$', re.MULTILINE
)
LOCAL, NOBODY = "127.0.0.1", "192.0.2.1"


def run(folder: Path, *ways: str, path: Path) -> None:
    found = {"PATH": f"{path}:{os.environ['PATH']}"}
    subprocess.run(["/bin/sh", PROGRAM, folder, *ways], check=True, env=found, timeout=60)


def test_where_node_exporter_is_anothers_nothing_is_left(tmp_path: Path) -> None:
    run(tmp_path / "none", f"fibre={LOCAL}", path=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_each_gateway_answers_or_not_and_all_are_asked_at_once(tmp_path: Path) -> None:
    stubs = Stubs(tmp_path / "programs")
    # The dead ones end when all are asked; alone, one would seem to answer.
    waits = f"for n in $(seq 100); do [ $(wc -l <{stubs.folder}/ping.called) -lt 4 ] || exit 1; "
    stubs.put("ping", f'for to; do :; done; [ "$to" = {LOCAL} ] || {{ {waits} sleep 0.1; done; }}')
    left = tmp_path / "left"
    left.mkdir()
    run(left, f"fibre={LOCAL}", f"lte={NOBODY}", f"dsl={NOBODY}", "v6=fd00::1", path=stubs.folder)
    (file,) = left.iterdir()
    assert file.name == "gateways.prom"
    assert set(SAMPLE.findall(file.read_text())) == {
        ("fibre", LOCAL, "1"),
        ("lte", NOBODY, "0"),
        ("dsl", NOBODY, "0"),
        ("v6", "fd00::1", "0"),
    }
