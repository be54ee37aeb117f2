"""Security: controls as a table, checks as plain testinfra, one SSH exchange a host."""

from monitors.security.audit import replay, run_audit
from monitors.security.results import AuditError, AuditRun, HostAudit, load_latest

__all__ = ["AuditError", "AuditRun", "HostAudit", "load_latest", "replay", "run_audit"]
