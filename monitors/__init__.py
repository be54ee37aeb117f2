"""What is true: collectors, the exporter, rules, reports."""
