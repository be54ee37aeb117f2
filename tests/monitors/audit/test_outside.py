"""The outside view in a run: taken beside each bundle, kept with it, completed by what it says."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inventory.entries import hosts
from inventory.outputs import Outputs
from monitors.audit.archive.bundles import keep, keep_view, read_view, views_since
from monitors.audit.judge.host_results import OUTSIDE
from monitors.audit.judge.runner import judges_view
from monitors.audit.model.results import Outcome
from monitors.audit.outside import PendingView, begin
from monitors.audit.replay import basis_today, replay
from monitors.audit.run import run_audit
from monitors.collection.bundle import FetchFailure, pack, unpack
from monitors.outside.document import AddressView, OutsideView, Speaks, TcpPort
from monitors.outside.plan import STRANGER, Plan
from tests.monitors.audit.estates import TABLE, changed, lab, packed, recorded, seen

APP = "velgora-app"
NOW = datetime.now(UTC)


def pending(plan: Plan, views: list[OutsideView], asked: list[Plan]) -> PendingView:
    """Return a view that is under way; what each look sees, and what was asked to be seen."""

    def look(plan: Plan) -> OutsideView:
        asked.append(plan)
        return views.pop(0)

    with ThreadPoolExecutor(1) as pool:
        return PendingView(plan, look, pool.submit(look, plan))


def view(*ports: int, problem: str = "") -> OutsideView:
    tcp = tuple(TcpPort(port=port, speaks=Speaks.OTHER) for port in ports)
    address = AddressView(address="10.77.1.10", source="10.77.0.10", tcp=tcp)
    return OutsideView(host=APP, at=NOW, seconds=0.5, problem=problem, addresses=(address,))


def test_ports_that_only_the_bundle_names_are_looked_at_too() -> None:
    asked: list[Plan] = []
    plan = Plan(APP, ("10.77.1.10",), ssh_ports=(22,), tcp_ports=(22, 443, 9100), udp_ports=(53,))
    listening = "".join(
        f"tcp LISTEN 0 128 {where} *:*\n"
        for where in ("0.0.0.0:22", "[::]:4711", "127.0.0.1:8125", "[::1]:25", "*:631")
    )
    bundle = changed(recorded("hardened"), {"ss -H -t": {"stdout": listening}})

    whole = pending(plan, [view(22), view(4711)], asked).complete(bundle)

    # Printers print what comes, and what only the host itself reaches is not there for others.
    assert [each.tcp_ports for each in asked] == [(22, 443, 9100), (4711,)]
    assert asked[1].udp_ports == ()
    assert [port.port for port in whole.addresses[0].tcp] == [22, 4711]


def test_no_second_look_where_there_was_no_first() -> None:
    asked: list[Plan] = []
    first = view(problem="nothing answers")
    assert pending(Plan(APP), [first], asked).complete(recorded("hardened")) == first
    assert len(asked) == 1


def test_a_look_that_breaks_is_a_problem_of_that_view() -> None:
    broken = pending(Plan(APP), [], []).complete(recorded("hardened"))
    assert "could not be looked at: IndexError" in broken.problem


def test_a_stranger_is_asked_for_once_in_ten_minutes(tmp_path: Path) -> None:
    (entry,) = (each for each in hosts(lab()) if each.name == APP)
    asked: list[tuple[str, ...]] = []

    def look(plan: Plan) -> OutsideView:
        asked.append(plan.accounts)
        return view().model_copy(update={"unasked": dict(plan.unasked)})

    for minutes in (0, 3, 9, 11):
        now = NOW - timedelta(minutes=11) + timedelta(minutes=minutes)
        with ThreadPoolExecutor(1) as pool:
            waiting = begin(entry, tmp_path, Outputs(estate="lab"), look, pool, now)
        path = keep(packed("hardened", APP), tmp_path, APP, now)
        keep_view(waiting.complete(recorded("hardened")), path)

    assert [STRANGER in accounts for accounts in asked if len(accounts) > 1] == [
        True,
        False,
        False,
        True,
    ]


def audited(state: Path, sees: OutsideView) -> tuple[Path, dict[str, tuple[Outcome, str]]]:
    """Audit a host that answers as the recorded one and is seen so; return its bundle's file."""
    run = run_audit(
        lab(),
        state,
        hosts=[APP],
        fetch=lambda *_: packed("hardened", APP, time.time()),
        look=lambda _: sees,
    )
    (host,) = run.hosts
    assert host.problem == ""
    assert host.outside
    results = {r.control: (r.outcome, r.reason) for r in host.results}
    evidence = {
        e.command: e.sha256 for r in host.results for e in r.evidence if r.control == "OUT-02"
    }
    assert evidence[OUTSIDE] == host.outside_sha256
    file = state / str(host.bundle)
    assert replay(file, basis_today(lab())).results == host.results
    return file, results


def test_a_view_is_judged_kept_and_judged_again_to_the_same_results(tmp_path: Path) -> None:
    sees = seen("hardened")
    file, results = audited(tmp_path, sees)
    assert read_view(file) == sees
    assert results["OUT-03"] == (Outcome.PASS, "")
    assert unpack(file.read_bytes()).host == APP


LISTENERS = "ss -H -tulnp"


def without(*ports: int) -> bytes:
    """Pack the hardened host, now, without what listens at these ports."""
    bundle = recorded("hardened")
    rows = bundle.answers()[LISTENERS].stdout.splitlines(keepends=True)
    left = "".join(row for row in rows if row.split()[4].rpartition(":")[2] not in map(str, ports))
    silenced = changed(bundle, {LISTENERS: {"stdout": left}})
    return pack(silenced.model_copy(update={"host": APP, "clock": time.time()}))


@pytest.mark.parametrize(
    ("bundles", "looks", "outcome"),
    [
        pytest.param(("gone", "whole"), "open", Outcome.PASS, id="restarted-while-it-was-asked"),
        pytest.param(("gone", "gone"), "closed", Outcome.PASS, id="ended-after-it-was-seen"),
        pytest.param(("gone", "gone"), "open", Outcome.FAIL, id="hidden"),
        pytest.param(("gone", "gone"), "nothing", Outcome.FAIL, id="hidden-then-nothing-answers"),
        pytest.param(("gone", "unreachable"), "closed", Outcome.FAIL, id="not-answering-again"),
    ],
)
def test_what_no_process_accounts_for_is_asked_for_again(
    tmp_path: Path, bundles: tuple[str, str], looks: str, outcome: Outcome
) -> None:
    first = seen("hardened")
    sent: dict[str, bytes | FetchFailure] = {
        "gone": without(443),
        "whole": without(),
        "unreachable": FetchFailure("it went away"),
    }
    answers = iter(bundles)
    later = {
        "open": first,
        "closed": first.model_copy(
            update={"addresses": tuple(closed(each, 443) for each in first.addresses)}
        ),
        "nothing": first.model_copy(update={"problem": "nothing answers", "addresses": ()}),
    }
    views = iter((first, later[looks]))
    run = run_audit(
        lab(),
        tmp_path,
        hosts=[APP],
        fetch=lambda *_: sent[next(answers)],
        look=lambda _: next(views),
    )
    (host,) = run.hosts
    assert host.problem == ""
    assert {r.outcome for r in host.results if r.control == "OUT-01"} == {outcome}


def closed(address: AddressView, port: int) -> AddressView:
    """The address as it is seen once one of its ports is closed."""
    return address.model_copy(
        update={
            "tcp": tuple(each for each in address.tcp if each.port != port),
            "refused": (*address.refused, port),
        }
    )


@pytest.mark.parametrize(("possible", "outcome"), [(True, Outcome.ERROR), (False, Outcome.SKIP)])
def test_without_a_view_nothing_passes(tmp_path: Path, possible: bool, outcome: Outcome) -> None:
    blind = view(problem="nobody looked").model_copy(update={"possible": possible})
    _, results = audited(tmp_path, blind)
    viewed = {control.id for control in TABLE.controls if judges_view(control)}
    outside = {name: result for name, result in results.items() if name in viewed}
    assert len(outside) == 10
    assert {each for each, _ in outside.values()} == {outcome}
    assert all("nobody looked" in reason for _, reason in outside.values())


def test_a_damaged_view_is_not_counted(tmp_path: Path) -> None:
    path = keep(packed("hardened", APP), tmp_path, APP, NOW)
    keep_view(view(), path)
    (path.parent / f"{path.name.removesuffix('.json.gz')}x.outside.json").write_text("{")
    assert len(list(views_since(tmp_path, APP, NOW - timedelta(minutes=1)))) == 1
