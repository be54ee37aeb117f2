"""Grafana dashboards: fleet, municipality, device; written in YAML, rendered as Grafana's JSON."""
