"""The river's gauge."""

from monitors.audit.collect.backends import Host
from monitors.audit.model.controls import Limits


def test_flood_01_gauge_warns(host: Host, limits: Limits) -> None:
    """The gauge's own file has a limit that is low enough."""
    words = host.check_output("cat /etc/gauge.conf").split()
    assert words[:1] == ["limit_cm"], "the gauge has no limit"
    assert int(words[1]) <= limits["highest_cm"], f"the gauge warns from {words[1]} cm only"
