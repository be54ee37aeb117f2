"""The alerts that the rules define: name, severity and delay."""

from dataclasses import dataclass

from inventory.own import Own
from monitors.prometheus.rule_files import WATCH_RULES, rules_in, shipped_rules


@dataclass(frozen=True, slots=True)
class AlertRule:
    """An alert; `delay` is how long its condition must hold, as Prometheus writes durations.

    `own`: the estate's, not one that ships with the project.
    """

    name: str
    severity: str
    delay: str
    own: bool = False


def alerts_of(own: Own) -> tuple[AlertRule, ...]:
    """Return every alert: the shipped ones, the vault's included, and the estate's own."""
    alerts = {
        AlertRule(rule["alert"], rule["labels"]["severity"], rule.get("for", "0s"), own=is_own)
        for paths, is_own in (((*shipped_rules(), WATCH_RULES), False), (own.rules, True))
        for path in paths
        for rule in rules_in(path)
        if "alert" in rule
    }
    return tuple(sorted(alerts, key=lambda alert: (alert.name, alert.severity, alert.delay)))
