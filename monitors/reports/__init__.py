"""Reports that people read and auditors can recompute, each from one set of results."""

from monitors.reports import compliance

__all__ = ["compliance"]
