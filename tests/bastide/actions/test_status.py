"""The status out of the answers of both APIs: what is down, what is missing, what fires."""

import re
from collections.abc import Iterator

import pytest

from bastide.actions import status
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from inventory.entries import hosts
from tests.bastide.context import environment_of, new_context
from tests.bastide.prometheus_server import Monitored, watching
from tests.command import bastide_here, bastide_json

NETWORK = "127.78.0."


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> EstateContext:
    return new_context(tmp_path_factory.mktemp("status"), NETWORK)


@pytest.fixture
def monitored(context: EstateContext) -> Iterator[Monitored]:
    """Every host is scraped, and only the Watchdog fires."""
    with watching(context, NETWORK, "Watchdog") as everything:
        yield everything


def test_all_is_well_when_every_target_is_up(context: EstateContext, monitored: Monitored) -> None:
    current = status.read(context)
    assert current.well
    assert not current.wrong
    assert not current.alerts
    assert len(current.targets) == len(list(hosts(context.estate)))


def test_a_target_that_is_not_up_is_named_with_its_reason(
    context: EstateContext, monitored: Monitored
) -> None:
    monitored.targets[0] |= {"health": "down", "lastError": "connection refused"}
    name = monitored.targets[0]["labels"]["host"]
    current = status.read(context)
    assert current.wrong == (f"{name}: node target is down: connection refused",)
    assert not current.well


def test_a_target_that_was_never_scraped_is_not_well(
    context: EstateContext, monitored: Monitored
) -> None:
    monitored.targets[0] |= {"health": "unknown"}
    assert status.read(context).wrong[0].endswith("is unknown: not scraped yet")


def test_a_host_that_is_not_scraped_at_all_is_missed(
    context: EstateContext, monitored: Monitored
) -> None:
    gone = monitored.targets.pop(1)["labels"]["host"]
    assert status.read(context).wrong == (
        f"{gone}: in the inventory, but not among Prometheus' targets",
    )


def test_a_host_that_is_scraped_for_another_job_only_is_missed(
    context: EstateContext, monitored: Monitored
) -> None:
    monitored.targets[0]["labels"]["job"] = "security"
    assert "not among Prometheus' targets" in status.read(context).wrong[0]


@pytest.mark.parametrize("label", ["service", "device", "host"])
def test_a_probe_that_fails_is_named_by_what_it_asks(
    label: str, context: EstateContext, monitored: Monitored
) -> None:
    monitored.probes.append({"__name__": "probe_success", "job": "blackbox", label: "permits"})
    assert status.read(context).wrong == ("permits: probe_success is 0 (job blackbox)",)


def test_what_fires_is_not_well_but_the_watchdog_and_what_notifies_nobody_are(
    context: EstateContext, monitored: Monitored
) -> None:
    monitored.fire("TonerLow", severity="info")
    assert status.read(context).well
    monitored.fire("HostDown", host="gornjilug-server")
    assert [alert.name for alert in status.read(context).alerts] == ["HostDown"]
    assert not status.read(context).well


def test_no_answer_is_could_not_check_and_never_well(context: EstateContext) -> None:
    with pytest.raises(CommandError, match="could not check") as caught:
        status.read(context)
    assert caught.value.code is Exit.COULD_NOT_CHECK


def test_an_answer_that_is_no_json_is_could_not_check(
    context: EstateContext, monitored: Monitored
) -> None:
    monitored.answer = lambda path: None  # type: ignore[method-assign]
    with pytest.raises(CommandError, match="could not check"):
        status.read(context)


def test_the_command_says_what_is_wrong_and_exits_1(
    context: EstateContext, monitored: Monitored
) -> None:
    environment = environment_of(context)
    well = bastide_here("status", **environment)
    monitored.fire("HostDown", host="gornjilug-server", municipality="gornjilug")
    findings = bastide_here("status", **environment)
    values = bastide_json("status", **environment)

    assert well.returncode == 0
    assert "all is well" in well.stdout
    assert findings.returncode == 1
    assert "HostDown: gornjilug gornjilug-server http://ops/user/runbooks" in findings.stdout
    assert "all is well" not in findings.stdout
    assert values["well"] is False
    assert [alert["name"] for alert in values["alerts"]] == ["HostDown"]


def test_the_command_exits_3_when_nothing_answers(context: EstateContext) -> None:
    done = bastide_here("status", **environment_of(context))
    assert done.returncode == 3
    assert "systemctl status prometheus" in done.stderr


def test_a_watched_host_without_an_exporter_is_not_missed_while_it_is_pinged(
    context: EstateContext, monitored: Monitored
) -> None:
    (target,) = (t for t in monitored.targets if t["labels"]["host"] == "gornjilug-edge")
    target["labels"]["job"] = "icmp"
    assert status.read(context).well
    target["labels"]["job"] = "snmp"
    assert status.read(context).wrong == (
        "gornjilug-edge: in the inventory, but not among Prometheus' targets",
    )


def test_the_level_of_each_host_and_the_coverage_are_shown(
    context: EstateContext, monitored: Monitored
) -> None:
    environment = environment_of(context)
    lines = bastide_here("status", **environment).stdout.splitlines()
    assert "3 of 5 hosts at baseline or above: 3 full, 2 watch" in lines
    assert "  watch    gornjilug-edge, gornjilug-server" in lines
    assert bastide_json("status", **environment)["levels"]["central-ops"] == "full"


def test_what_an_incident_explains_is_not_told_again(
    context: EstateContext, monitored: Monitored
) -> None:
    monitored.fire("HostDown", host="gornjilug-edge", municipality="gornjilug")
    monitored.silent += [{"host": "gornjilug-edge"}, {"host": "gornjilug-server"}]
    for target in monitored.targets:
        if target["labels"]["host"].startswith("gornjilug-"):
            target |= {"health": "down"}
    current = status.read(context)
    assert len(current.wrong) == 2
    assert current.unexplained == ()
    assert [incident.cut_off for incident in current.incidents] == [("gornjilug-server",)]
    printed = bastide_here("status", **environment_of(context)).stdout
    assert "cuts off  1: gornjilug-server" in printed
    assert "!!" not in printed


def test_an_incident_says_since_when_whom_to_call_and_what_to_do(
    context: EstateContext, monitored: Monitored
) -> None:
    file = context.folder / "municipalities" / "gornjilug.yml"
    before = file.read_text()
    file.write_text(before.replace("    email:", '    phone: "+1 555 0100"\n    email:'))
    try:
        monitored.fire("HostDown", host="gornjilug-server", municipality="gornjilug")
        environment = environment_of(context)
        printed = bastide_here("status", TZ="UTC", **environment).stdout
        values = bastide_json("status", **environment)
    finally:
        file.write_text(before)
    assert re.search(r"since +(2026-11-28 )?01:41 UTC \(", printed)
    assert "call      IT desk, IT administrator: +1 555 0100, it@gornjilug" in printed
    assert "do        bastide runbook HostDown gornjilug-server\n" in printed
    assert "service   Building permits (class B) answers: https://" in printed
    for one in (values["incidents"][0], values["alerts"][0]):
        assert one["startsAt"] == "2026-11-28T01:41:07.123456789Z"
        assert one["summary"] == "HostDown"
        assert one["runbook"] == "http://ops/user/runbooks/HostDown.html"
    (contact,) = values["alerts"][0]["contact"]
    assert contact == values["incidents"][0]["contacts"][0]
    assert contact["phone"] == "+1 555 0100"


def test_pages_are_told_from_tickets_and_come_first(
    context: EstateContext, monitored: Monitored
) -> None:
    monitored.fire("ControlFailing", "ticket", host="central-ops", municipality="central")
    monitored.fire("HostDown", host="gornjilug-server", municipality="gornjilug")
    printed = bastide_here("status", **environment_of(context)).stdout
    assert "2 incidents: 1 page, 1 ticket" in printed
    assert printed.index("PAGE     gornjilug-server") < printed.index("TICKET   central-ops")


def test_a_municipality_sees_its_own(context: EstateContext, monitored: Monitored) -> None:
    monitored.fire("HostDown", host="gornjilug-server", municipality="gornjilug")
    environment = environment_of(context)
    town = bastide_here("status", "--municipality", "gornjilug", **environment)
    central = bastide_here("status", "--municipality", "central", **environment)
    values = bastide_json("status", "--municipality", "gornjilug", **environment)
    assert (town.returncode, central.returncode) == (1, 0)
    assert "gornjilug-server" in town.stdout
    assert "gornjilug" not in central.stdout
    assert {target["name"] for target in values["targets"]} == {
        "gornjilug-edge",
        "gornjilug-server",
    }
    unknown = bastide_here("status", "--municipality", "atlantis", **environment)
    assert unknown.returncode == 2
    assert "expected one of: central, gornjilug" in unknown.stderr


def test_what_is_piped_is_never_cut_nor_coloured(
    context: EstateContext, monitored: Monitored
) -> None:
    monitored.fire("HostDown", host="gornjilug-server", municipality="gornjilug")
    monitored.alerts[-1]["annotations"]["summary"] = "long " * 100 + "end"
    printed = bastide_here("status", COLUMNS="40", **environment_of(context)).stdout
    assert "long end" in printed.splitlines()[2]
    assert "\x1b" not in printed


def test_controls_in_what_others_wrote_do_not_steer_a_terminal(
    context: EstateContext, monitored: Monitored
) -> None:
    monitored.fire("HostDown", host="gornjilug-server", municipality="gornjilug")
    monitored.alerts[-1]["annotations"]["summary"] = "gone\x1b[2J\u202e"
    printed = bastide_here("status", **environment_of(context)).stdout
    assert "\x1b" not in printed
    assert "gone\\x1b[2J\\u202e" in printed


def test_nobody_answers_and_central_is_to_be_called(context: EstateContext) -> None:
    done = bastide_here("status", **environment_of(context))
    assert "call: Duty desk, operations: duty@ours.example" in done.stderr


def test_what_a_window_silences_is_no_incident_and_is_told_with_its_reason(
    context: EstateContext, monitored: Monitored
) -> None:
    monitored.fire("HostDown", host="central-ops", municipality="central")
    monitored.silence("one", "Maintenance window: New disks")
    monitored.silence("old", "Maintenance window: Old disks", state="expired")
    monitored.silence("later", "Maintenance window: More disks", state="pending")
    assert status.read(context).well
    shown = bastide_here("status", **environment_of(context))
    read = bastide_json("status", **environment_of(context))
    assert shown.returncode == 0
    assert "SILENCED window of central-ops until 2099-01-16" in shown.stdout
    assert "by Ana Ilić: New disks" in shown.stdout
    (silence,) = read["silences"]
    assert (silence["kind"], silence["scope"], silence["why"]) == (
        "window",
        "central-ops",
        "New disks",
    )


def test_what_somebody_is_on_stays_an_incident_and_says_who(
    context: EstateContext, monitored: Monitored
) -> None:
    monitored.fire("HostDown", host="central-ops", municipality="central")
    monitored.silence("one", "Acknowledged: HostDown central-ops")
    assert not status.read(context).well
    shown = bastide_here("status", **environment_of(context))
    read = bastide_json("status", **environment_of(context))
    assert shown.returncode == 1
    assert re.search(r"taken +Ana Ilić is on it until 2099-01-16", shown.stdout)
    assert "SILENCED" not in shown.stdout
    assert read["silences"] == []
    (alert,) = read["alerts"]
    assert (alert["takenBy"], alert["silencedBy"]) == ("Ana Ilić", [])


def test_what_is_both_acknowledged_and_silenced_is_silenced(
    context: EstateContext, monitored: Monitored
) -> None:
    monitored.fire("HostDown", host="central-ops", municipality="central")
    monitored.silence("one", "Acknowledged: HostDown central-ops")
    monitored.silence("two", "new disks")
    assert status.read(context).well
