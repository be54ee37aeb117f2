"""Reports that people read and auditors can recompute, each from one set of results."""

from monitors.audit.reports import compliance

__all__ = ["compliance"]
