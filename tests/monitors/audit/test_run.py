"""A fleet's audit: what fails on one host stays with it, and everything is kept."""

import time
from functools import partial
from pathlib import Path

import pytest

from inventory.connections import Connection
from inventory.model.estate import Estate
from monitors.audit.archive.runs import AuditError, load_latest, save
from monitors.audit.collect.exchange import AUDIT_USER, AuditTarget, fetch
from monitors.audit.model.declared import UndeclaredHostError
from monitors.audit.model.own_controls import controls_of
from monitors.audit.model.results import HostAudit, Outcome
from monitors.audit.replay import basis_today, replay
from monitors.audit.run import audit_host, run_audit
from tests.monitors.audit.collect.ssh_server import line_of, new_key, says, serving
from tests.monitors.audit.estates import audit_run, declared, lab, packed
from tests.monitors.collection.test_bundle import framed

APP = "velgora-app"


def audited(folder: Path, sent: bytes, state: Path | None = None) -> HostAudit:
    """Audit velgora-app, served on loopback, where the collector sends these bytes."""
    host_key, audit_key = new_key(folder / "host"), new_key(folder / "audit")
    table = controls_of(lab().own)
    with serving(host_key, audit_key, says(sent)) as port:
        target = AuditTarget(
            APP,
            Connection(
                name=APP,
                address="127.0.0.1",
                port=port,
                user=AUDIT_USER,
                key=folder / "audit",
                host_key=line_of(host_key),
            ),
        )
        return audit_host(
            partial(fetch, target), declared(APP), table, lab(), state or folder / "state"
        )


def test_a_name_that_the_estate_does_not_have_is_refused_before_anything_is_asked(
    tmp_path: Path,
) -> None:
    with pytest.raises(UndeclaredHostError, match=r"velgora-ap;.*velgora-app"):
        run_audit(lab(), tmp_path, hosts=["velgora-ap"])
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_of_another_host_is_refused(tmp_path: Path) -> None:
    audit = audited(tmp_path, framed(packed("fresh", "kastrava-app")))

    assert "it says that it is of 'kastrava-app'" in audit.problem
    assert Outcome.PASS not in {result.outcome for result in audit.results}


def test_a_bundle_that_cannot_be_kept_is_a_problem_of_that_host(tmp_path: Path) -> None:
    (tmp_path / "full").write_text("a file where the state folder should be")

    audit = audited(tmp_path, framed(packed("fresh", APP)), state=tmp_path / "full")

    assert "cannot keep the bundle" in audit.problem


def test_a_host_is_audited_kept_and_replayed_to_the_same_results(tmp_path: Path) -> None:
    sent = packed("fresh", APP, time.time())
    audit = audited(tmp_path, framed(sent))
    kept = tmp_path / "state" / str(audit.bundle)

    again = replay(kept, basis_today(lab()))

    assert audit.problem == ""
    assert kept.read_bytes() == sent
    assert again.results == audit.results
    assert (again.bundle, again.bundle_sha256) == (audit.bundle, audit.bundle_sha256)


def unreachable(estate: Estate) -> Estate:
    """Return the estate with addresses where nothing listens."""
    hosts = tuple(
        host.model_copy(update={"address": f"127.9.9.{number}"})
        for number, host in enumerate(estate.central.hosts, 1)
    )
    central = estate.central.model_copy(update={"hosts": hosts})
    return estate.model_copy(update={"central": central, "municipalities": ()})


def test_an_estate_of_which_nothing_answers_is_all_errors_and_still_written_down(
    tmp_path: Path,
) -> None:
    (tmp_path / "ssh").mkdir()
    new_key(tmp_path / "ssh" / "audit")
    (tmp_path / "ssh" / "known_hosts").touch()
    seen: list[str] = []

    run = run_audit(
        unreachable(lab()), tmp_path, label="night", on_event=lambda host: seen.append(host.host)
    )

    assert sorted(seen) == ["central-ops", "central-scratch", "central-vault"]
    assert {r.outcome for h in run.hosts for r in h.results} == {Outcome.ERROR, Outcome.SKIP}
    assert all("unreachable" in host.problem and not host.good for host in run.hosts)
    assert load_latest(tmp_path, "night") == run
    assert load_latest(tmp_path, "day") is None


def test_a_damaged_results_file_is_named(tmp_path: Path) -> None:
    path = save(audit_run("fresh"), tmp_path)
    path.write_text("{}")

    with pytest.raises(AuditError, match=path.name):
        load_latest(tmp_path)
