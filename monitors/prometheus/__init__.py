"""What Prometheus, Alertmanager and blackbox_exporter run with: rules and rendered settings."""
