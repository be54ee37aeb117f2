"""The rules of goals say what inventory/objectives.py says."""

import re

from inventory.objectives import BURNS, JOURNEY_INTERVAL, PERIOD, PROBE_INTERVAL
from monitors.prometheus.prometheus_config import DISCOVERED_JOBS
from monitors.prometheus.rule_files import RULES, rules_in
from tests.rules.test_rules import seconds

PAIR = re.compile(
    r"service:budget_spent:ratio_(\w+) > ([\d.]+) "
    r"and service:budget_spent:ratio_(\w+) > ([\d.]+) / 12"
)
RULES_OF_GOALS = rules_in(RULES / "objectives.yml")


def test_the_thresholds_are_those_that_the_inventory_is_judged_by() -> None:
    text = " ".join(rule["expr"] for rule in RULES_OF_GOALS)
    pairs = [
        (seconds(long), float(share), seconds(short))
        for long, share, short, _ in PAIR.findall(text)
    ]
    assert pairs == [
        (burn.long.total_seconds(), burn.share, burn.short.total_seconds()) for burn in BURNS
    ]
    assert all(share == again for _, share, _, again in PAIR.findall(text))


def test_a_short_window_is_a_twelfth_of_its_long_one_and_holds_many_probes() -> None:
    for burn in BURNS:
        assert burn.long == 12 * burn.short
        assert burn.short >= 10 * PROBE_INTERVAL


def test_a_lost_probe_is_worth_its_interval() -> None:
    (job,) = (job for job in DISCOVERED_JOBS if job.job == "blackbox")
    assert seconds(job.interval) == PROBE_INTERVAL.total_seconds()
    worth = {
        factor
        for rule in RULES_OF_GOALS
        for factor in re.findall(r"(\d+) \* sum_over", rule["expr"])
    }
    assert worth == {str(seconds(job.interval))}


def test_a_journey_that_fails_lasts_until_the_next_one() -> None:
    (job,) = (job for job in DISCOVERED_JOBS if job.job == "journeys")
    assert seconds(job.interval) == JOURNEY_INTERVAL.total_seconds()


def test_the_month_has_its_days() -> None:
    (budget,) = (r for r in RULES_OF_GOALS if r.get("record") == "service:budget:seconds_30d")
    assert f"{PERIOD.days} * 86400" in budget["expr"]


def test_speed_and_severity_go_together() -> None:
    labels = [rule["labels"] for rule in RULES_OF_GOALS if "alert" in rule]
    assert labels == [
        {"severity": "page", "speed": "fast"},
        {"severity": "ticket", "speed": "slow"},
    ]
