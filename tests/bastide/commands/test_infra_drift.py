"""`bastide infra drift` and `schedule`: exit status, what is printed, and what is not written."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from bastide.support.estate import EstateContext
from inventory.provisioned_drift import kept_drift
from tests.bastide.context import environment_of, know_passphrase, new_context
from tests.command import bastide_here
from tests.oracles.programs import PULUMI

pytestmark = pytest.mark.usefixtures("running_provider")
ENGINES = ["embedded"] + (["pulumi"] if PULUMI.executable.exists() else [])


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EstateContext:
    monkeypatch.setenv("PATH", os.pathsep.join((os.environ["PATH"], str(PULUMI.executable.parent))))
    context = new_context(tmp_path, "127.86.0.")
    know_passphrase(context)
    return context


def files(context: EstateContext) -> dict[str, bytes]:
    state = context.state / "pulumi"
    return {str(f.relative_to(state)): f.read_bytes() for f in state.rglob("*") if f.is_file()}


def only_watched(context: EstateContext) -> None:
    """Have an estate whose hosts nobody logs in to: they are provisioned without an answer."""
    for file in (context.folder / "central.yml", context.folder / "estate.yml"):
        file.write_text(file.read_text().replace("manage: full", "manage: watch"))


def drift(context: EstateContext, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return bastide_here("infra", "drift", *arguments, **environment_of(context))


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_differs_from_what_was_just_provisioned(
    context: EstateContext, engine: str
) -> None:
    only_watched(context)
    made = bastide_here("infra", "up", "--engine", "embedded", **environment_of(context))
    assert made.returncode == 0, made.stderr
    before = files(context)

    found = drift(context, "--engine", engine)

    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith("0 of ")
    assert files(context) == before
    kept = kept_drift(context.state)
    assert kept is not None
    assert kept.drifted == ()
    assert kept.looked_at > 5


def test_what_cannot_be_looked_at_is_not_known(context: EstateContext) -> None:
    """The hosts' own drivers ask each for its key, and nobody answers on the loopback."""
    only_watched(context)
    assert not bastide_here(
        "infra", "up", "--engine", "embedded", **environment_of(context)
    ).returncode
    state = next((context.state / "pulumi" / ".pulumi" / "stacks").glob("*/*.json"))
    state.write_text(state.read_text().replace('"verify":false', '"verify":true'))

    found = drift(context, "--engine", "embedded", "--json")

    assert found.returncode == 3
    told = json.loads(found.stdout)
    assert told["drifted"] == []
    assert "central-ops" in {one["name"] for one in told["unread"]}


def test_sending_wants_somebody_to_send_to(context: EstateContext) -> None:
    only_watched(context)
    sent = drift(context, "--engine", "embedded", "--send")
    assert sent.returncode == 2
    assert "expected: an operations host at full" in sent.stderr


def test_a_timer_is_written_that_systemd_takes(context: EstateContext, tmp_path: Path) -> None:
    units = tmp_path / "units"
    arguments = ("infra", "schedule", "--folder", str(units), "--calendar", "*-*-* 06:00")
    done = bastide_here(*arguments, **environment_of(context))

    assert done.returncode == 0
    assert "systemctl enable --now bastide-infra-drift-ours.timer" in done.stdout
    service = (units / "bastide-infra-drift-ours.service").read_text()
    assert f'infra drift --send --estate "{context.folder}"' in service
    assert f"BASTIDE_STATE_HOME={context.state.parent}" in service
    names = sorted(str(file) for file in units.iterdir())
    checked = subprocess.run(
        ["systemd-analyze", "verify", *names], capture_output=True, text=True, check=False
    )
    assert "bastide-infra-drift" not in checked.stderr, checked.stderr


def test_a_time_that_is_none_is_wrong_use(context: EstateContext, tmp_path: Path) -> None:
    arguments = ("infra", "schedule", "--folder", str(tmp_path / "u"), "--calendar", "now and then")
    done = bastide_here(*arguments, **environment_of(context))
    assert done.returncode == 2
    assert "systemd knows no such time" in done.stderr
    assert not (tmp_path / "u").exists()
