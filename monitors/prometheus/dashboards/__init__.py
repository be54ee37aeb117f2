"""Grafana dashboards: fleet, municipality, device; written in YAML, built into Grafana's JSON.

``python -m monitors.prometheus.dashboards`` writes the JSON anew; a test holds both equal.
"""
