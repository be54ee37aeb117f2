"""The alerts that the rules define: name, severity and delay."""

from dataclasses import dataclass

import yaml

from monitors.prometheus.render import RULES


@dataclass(frozen=True, slots=True)
class AlertRule:
    """An alert; `delay` is how long its condition must hold, as Prometheus writes durations."""

    name: str
    severity: str
    delay: str


def shipped_alerts() -> tuple[AlertRule, ...]:
    """Return every alert of the shipped rules, by name."""
    files = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in RULES.glob("*.yml"))
    rules = (rule for file in files for group in file["groups"] for rule in group["rules"])
    alerts = {
        AlertRule(rule["alert"], rule["labels"]["severity"], rule.get("for", "0s"))
        for rule in rules
        if "alert" in rule
    }
    return tuple(sorted(alerts, key=lambda alert: (alert.name, alert.severity, alert.delay)))
