"""Runs are shown to the witness over SSH, with a key of their own, and again until it took them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import paramiko
import pytest

from bastide.actions import witness
from bastide.support.estate import EstateContext
from inventory.enums import ProviderName
from inventory.model.ssh import Ssh
from inventory.outputs import HostOutput, Outputs, outputs_path
from monitors.audit.evidence.chain import load_chain
from monitors.audit.evidence.witness import compare
from tests.bastide.context import lab_context
from tests.monitors.audit.collect.ssh_server import line_of, new_key, serving
from tests.monitors.audit.evidence.test_witness import run
from tests.playbooks.test_witness import PROGRAM

VAULT, PORT = "central-vault", 22922


@pytest.fixture
def context(tmp_path: Path) -> EstateContext:
    """Return the lab with its vault as the witness, and a chain of two runs."""
    plain = lab_context(tmp_path / "lab")
    for day in range(2):
        run(plain.state, day)
    changes = {"witness": VAULT, "ssh": Ssh(port=PORT)}
    return replace(plain, estate=plain.estate.model_copy(update=changes))


@contextmanager
def witnessing(context: EstateContext, log: Path, *, broken: bool = False) -> Iterator[None]:
    """Serve a witness on loopback, whose address and host key are the vault's."""
    (context.state / "ssh").mkdir(parents=True, exist_ok=True)
    allowed, host_key = (_key(context.state / name) for name in ("ssh/witness", "host"))

    def serve(channel: paramiko.Channel) -> None:
        lines = channel.makefile("rb").read()
        program = ["false"] if broken else [sys.executable, "-I", str(PROGRAM), str(log)]
        done = subprocess.run(program, input=lines, capture_output=True)
        channel.sendall(done.stdout)
        channel.send_exit_status(done.returncode)
        channel.close()

    with serving(host_key, allowed, serve, "127.0.0.9", PORT, "bastide-witness"):
        output = HostOutput(
            address="127.0.0.9", host_key=line_of(host_key), provider=ProviderName.LAB
        )
        path = outputs_path(context.state)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Outputs(estate="lab", hosts={VAULT: output}).model_dump_json())
        yield


def _key(file: Path) -> paramiko.PKey:
    return paramiko.Ed25519Key.from_private_key_file(str(file)) if file.exists() else new_key(file)


def test_a_witness_that_is_not_there_is_named_and_asked_again(
    context: EstateContext, tmp_path: Path
) -> None:
    log = tmp_path / "log.jsonl"
    with witnessing(context, log, broken=True), pytest.raises(witness.WitnessError, match="take 1"):
        witness.show(context)
    with pytest.raises(witness.WitnessError):
        witness.show(context)
    run(context.state, 2)
    with witnessing(context, log):
        assert witness.show(context) == 1


def test_the_newest_run_is_shown_first_and_then_each_that_is_new(
    context: EstateContext, tmp_path: Path
) -> None:
    log = tmp_path / "log.jsonl"
    with witnessing(context, log):
        assert witness.show(context) == 1
        assert witness.show(context) == 0
        run(context.state, 2)
        run(context.state, 3)
        assert witness.show(context) == 2
    testimony = compare(load_chain(context.state), log.read_bytes())
    assert (testimony.seen, testimony.unseen_before, testimony.ignored) == (3, 1, 0)


def test_an_estate_without_a_witness_shows_nothing(context: EstateContext) -> None:
    alone = replace(context, estate=context.estate.model_copy(update={"witness": None}))
    assert witness.show(alone) == 0
