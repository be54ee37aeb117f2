"""The journal: kept on the host, within bounds."""
# ruff: noqa: S101

from monitors.security.backends import Host
from monitors.security.facts import settings


def test_log_01_persistent_journal(host: Host) -> None:
    """The journal is kept on disk and has an upper size."""
    config = settings(host.check_output("systemd-analyze cat-config systemd/journald.conf"))
    stored = host.run("test -d /var/log/journal")
    storage, limit = config.get("Storage", "auto"), config.get("SystemMaxUse", "")
    assert stored.rc == 0, "/var/log/journal is absent: the journal is lost at every restart"
    assert storage == "persistent", f"Storage is {storage}, expected persistent"
    assert limit, "SystemMaxUse is not set: the journal may take a tenth of the disk"
