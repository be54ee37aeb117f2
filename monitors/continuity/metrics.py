"""Snapshots and drills as metrics; a plan without data still has its targets, for rules to join."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily

from inventory.model.estate import Estate
from monitors.continuity.drill_history import CopyDrills
from monitors.continuity.escrow import last_opened, sealed_plans
from monitors.continuity.estimates import estimate_error
from monitors.continuity.host_status import ReadFile
from monitors.continuity.plan_states import PlanState, read_plan_states
from monitors.continuity.records import DrillResult

LABELS = ("municipality", "host", "plan")

Value = Callable[[PlanState], float | None]


CopyValue = Callable[[CopyDrills], float | None]


def _newest(value: Callable[[DrillResult], float | None]) -> CopyValue:
    return lambda copy: value(copy.newest) if copy.newest else None


def _success(value: Callable[[DrillResult], float | None]) -> CopyValue:
    return lambda copy: value(copy.success) if copy.success else None


GAUGES: tuple[tuple[str, str, Value], ...] = (
    ("bastide_backup_expected", "A backup plan of the inventory: always 1.", lambda plan: 1),
    (
        "bastide_backup_rpo_target_seconds",
        "How old the newest snapshot may be.",
        lambda plan: plan.objectives.rpo_seconds,
    ),
    (
        "bastide_backup_rto_target_seconds",
        "How long recovery may take.",
        lambda plan: plan.objectives.rto_seconds,
    ),
    (
        "bastide_backup_interval_target_seconds",
        "How far apart the plan's runs are to be.",
        lambda plan: plan.objectives.every_seconds,
    ),
    (
        "bastide_backup_keep_target_seconds",
        "How long its snapshots are to stay.",
        lambda plan: plan.objectives.keep_seconds,
    ),
    (
        "bastide_backup_status_success",
        "Whether the newest snapshot is known: 0 when the host or the target could not say.",
        lambda plan: plan.problem is None,
    ),
    (
        "bastide_backup_status_timestamp_seconds",
        "When the host last asked the target.",
        lambda plan: plan.reported_at.timestamp() if plan.reported_at else None,
    ),
    (
        "bastide_backup_last_snapshot_timestamp_seconds",
        "When the newest snapshot that the target holds was made.",
        lambda plan: plan.last_snapshot.timestamp() if plan.last_snapshot else None,
    ),
    (
        "bastide_backup_snapshots",
        "How many snapshots the target holds.",
        lambda plan: plan.snapshots if plan.problem is None else None,
    ),
    (
        "bastide_backup_doubted_snapshots",
        "Newer snapshots that do not count: dated in the future, or without a whole manifest.",
        lambda plan: len(plan.doubted) if plan.reported_at else None,
    ),
    (
        "bastide_backup_check_success",
        "Whether the newest check of the repository found it whole.",
        lambda plan: plan.check.ok if plan.check else None,
    ),
    (
        "bastide_backup_check_timestamp_seconds",
        "When the repository was checked last.",
        lambda plan: plan.check.at.timestamp() if plan.check else None,
    ),
    (
        "bastide_drill_interval_target_seconds",
        "How long ago the last successful drill may be.",
        lambda plan: plan.objectives.drill_every_seconds,
    ),
    (
        "bastide_drill_unreadable_files",
        "Files newer than the last successful drill that are no drill results.",
        lambda plan: len(plan.drills.unreadable),
    ),
)


# Of each copy, by the target that holds it: drills read them in turn.
DRILL_GAUGES: tuple[tuple[str, str, CopyValue], ...] = (
    (
        "bastide_drill_last_run_success",
        "Whether the newest drill of this copy restored all that it should.",
        _newest(lambda drill: drill.ok),
    ),
    (
        "bastide_drill_last_run_timestamp_seconds",
        "When the newest drill began.",
        _newest(lambda drill: drill.started.timestamp()),
    ),
    (
        "bastide_drill_depth",
        "Deepest level that the newest drill reached, 0 to 6; -1 when there was no snapshot.",
        _newest(lambda drill: drill.depth.number if drill.depth else -1),
    ),
    (
        "bastide_drill_last_success_timestamp_seconds",
        "When the newest drill that succeeded began.",
        _success(lambda drill: drill.started.timestamp()),
    ),
    (
        "bastide_drill_rpo_seconds",
        "Age of the newest restorable data when the last successful drill began.",
        _success(lambda drill: drill.rpo_seconds),
    ),
    (
        "bastide_drill_rto_seconds",
        "How long recovery took in the last successful drill.",
        _success(lambda drill: drill.rto_seconds),
    ),
    (
        "bastide_drill_estimate_error_ratio",
        "By which share the last successful drill took longer than the one before let expect.",
        estimate_error,
    ),
)


def collect(state_dir: Path, estate: Estate, read_file: ReadFile) -> Iterator[GaugeMetricFamily]:
    """Yield the families, one sample a plan; an unknown value has no sample."""
    plans = read_plan_states(state_dir, estate, read_file)
    # Given even when it is 0: an estate without plans is not a collector without samples.
    yield GaugeMetricFamily(
        "bastide_backup_plans", "How many backup plans the inventory has.", len(plans)
    )
    yield _copies(plans)
    yield from _second_copies(plans)
    yield from _escrow(state_dir, estate, plans)
    for name, text, value in GAUGES:
        family = GaugeMetricFamily(name, text, labels=LABELS)
        for plan in plans:
            number = value(plan)
            if number is not None:
                family.add_metric(_labels(plan), number)
        yield family
    yield from _drills(plans)


def _drills(plans: Sequence[PlanState]) -> Iterator[GaugeMetricFamily]:
    """Yield what drills proved of each copy; one that was never drilled has no sample."""
    for name, text, value in DRILL_GAUGES:
        family = GaugeMetricFamily(name, text, labels=(*LABELS, "target"))
        for plan in plans:
            for copy in plan.drills.copies:
                number = value(copy)
                if number is not None:
                    family.add_metric([*_labels(plan), copy.target], number)
        yield family


def _copies(plans: Sequence[PlanState]) -> GaugeMetricFamily:
    """Return which target is to hold a copy of each plan, for what that says of itself."""
    family = GaugeMetricFamily(
        "bastide_backup_copy_expected",
        "A copy of a plan that a target is to hold: always 1.",
        labels=(*LABELS, "target"),
    )
    for plan in plans:
        for target in plan.objectives.targets:
            family.add_metric([*_labels(plan), target], 1)
    return family


def _second_copies(plans: Sequence[PlanState]) -> Iterator[GaugeMetricFamily]:
    """Yield which copies a target is to pull itself, and how new they are; nothing without any."""
    expected = GaugeMetricFamily(
        "bastide_backup_second_copy_expected",
        "A copy of a plan that a target is to pull from another: always 1.",
        labels=(*LABELS, "target"),
    )
    newest = GaugeMetricFamily(
        "bastide_backup_second_copy_last_snapshot_timestamp_seconds",
        "When the newest snapshot was made that the second target answered the host with.",
        labels=(*LABELS, "target"),
    )
    for plan in plans:
        second = plan.objectives.second_target
        if second:
            expected.add_metric([*_labels(plan), second], 1)
        if second and plan.second_snapshot:
            newest.add_metric([*_labels(plan), second], plan.second_snapshot.timestamp())
    yield from (expected, newest)


def _labels(plan: PlanState) -> list[str]:
    return [plan.objectives.labels[label] for label in LABELS]


def _escrow(
    state: Path, estate: Estate, plans: Sequence[PlanState]
) -> tuple[GaugeMetricFamily, GaugeMetricFamily]:
    """Return which plans the escrow opens, and when that was tried; nothing without holders."""
    sealed = GaugeMetricFamily(
        "bastide_escrow_sealed",
        "Whether every holder of the escrow can open the plan's repository.",
        labels=LABELS,
    )
    opened = GaugeMetricFamily(
        "bastide_escrow_last_opened_timestamp_seconds",
        "When a drill has opened the plan's repository with the escrow alone.",
        labels=LABELS,
    )
    names, times = sealed_plans(state, estate), last_opened(state, datetime.now(UTC))
    for plan in plans if estate.escrow else ():
        name = f"{plan.objectives.host}/{plan.objectives.plan}"
        sealed.add_metric(_labels(plan), name in names)
        if name in times:
            opened.add_metric(_labels(plan), times[name].timestamp())
    return sealed, opened
