"""The exporter: one process that serves the estate's metrics and targets over HTTP."""
