"""Nothing installed: what only our roles would show is skipped, all else is judged."""

from dataclasses import replace

from inventory.enums import Level
from monitors.audit.judge.host_results import judge
from monitors.audit.model.controls import NOTHING_INSTALLED
from monitors.audit.model.results import Outcome
from tests.monitors.audit.estates import TABLE, changed, declared, recorded

HOST = declared("velgora-app")
READ = replace(HOST, level=Level.AUDIT)


def test_what_comes_from_our_roles_is_skipped_at_level_audit_only() -> None:
    installed = {control.id for control in TABLE.controls if control.installed}
    results = {r.control: r for r in judge(recorded("fresh"), TABLE, READ)}
    skipped = {name for name, r in results.items() if r.reason == NOTHING_INSTALLED}
    assert skipped
    assert skipped <= installed
    assert {results[name].outcome for name in installed} == {Outcome.SKIP}
    managed = judge(recorded("fresh"), TABLE, HOST)
    assert not [r for r in managed if r.reason == NOTHING_INSTALLED]


def test_everything_else_is_judged_as_on_any_host() -> None:
    installed = {control.id for control in TABLE.controls if control.installed}
    read, managed = (judge(recorded("fresh"), TABLE, who) for who in (READ, HOST))
    assert [r for r in read if r.control not in installed] == [
        r for r in managed if r.control not in installed
    ]


def test_a_firewall_that_cannot_be_read_is_undetermined_and_not_absent() -> None:
    units = next(r for r in recorded("fresh").recorded if "ufw.service" in r.command)
    block = "\n\nNames=ufw.service\nActiveState=active\nUnitFileState=enabled"
    kept = [text for text in units.stdout.split("\n\n") if "Names=ufw.service" not in text]
    bundle = changed(
        recorded("fresh"),
        {
            "nft -j list ruleset": {"rc": 127, "stdout": "", "stderr": "sh: 1: nft: not found"},
            "systemctl show --property=DefaultLimitCORE": {"stdout": "\n\n".join(kept) + block},
        },
    )
    results = {r.control: r for r in judge(bundle, TABLE, READ)}
    for control in ("FW-01", "FW-02", "FW-03", "FW-06", "FW-07"):
        assert results[control].outcome is Outcome.ERROR
        assert "ufw.service is active" in results[control].reason
