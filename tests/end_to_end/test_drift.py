"""What somebody changes on an existing server is found by the operations host's own look."""

from collections.abc import Iterator

import pytest

from bastide.actions import prometheus, status
from bastide.support.estate import EstateContext
from tests.lab_ssh import on
from tests.waiting import wait_until

pytestmark = pytest.mark.lab

OPERATIONS, HOST = "central-ops", "kastrava-app"
DECLARED = "/etc/bastide/current/estate/municipalities/kastrava.yml"
# Its node_exporter is then somebody's own, and declared.
EXISTING = "    manage: audit\n    listens: [{port: 9100, access: central, name: node-exporter}]\n"
STATE = "/var/lib/bastide/lab"
KIOSK = "systemd-run --unit town-kiosk /usr/bin/python3 -m http.server 4711"
# A scrape, an evaluation, and what a busy machine needs for them; the alert itself waits 5 minutes.
PENDING_SECONDS = 180.0


def declare(lab: EstateContext, municipality: str) -> None:
    """Change the estate as the operations host has it, and only there."""
    on(lab, OPERATIONS, f"cat > {DECLARED}; systemctl restart bastide-exporter", municipality)


def drift(lab: EstateContext) -> tuple[tuple[dict[str, str], float], ...]:
    expression = f'ALERTS{{alertname="HostDrift", host="{HOST}"}}'
    return prometheus.query(status.apis(lab)[0], expression)


def kinds(lab: EstateContext) -> set[str]:
    expression = f'bastide_host_drift{{host="{HOST}"}} > 0'
    return {labels["kind"] for labels, _ in prometheus.query(status.apis(lab)[0], expression)}


@pytest.fixture
def read_and_not_changed(lab: EstateContext) -> Iterator[None]:
    """One host of the lab is somebody else's server for the operations host, at level audit."""
    declared = on(lab, OPERATIONS, f"cat {DECLARED}")
    key = on(lab, OPERATIONS, f"ssh-keygen -y -f {STATE}/ssh/audit")
    keys = on(lab, HOST, "cat /root/.ssh/authorized_keys")
    # What is audited meanwhile would be judged by what is declared only here.
    on(lab, OPERATIONS, "systemctl stop bastide-audit-changes")
    try:
        on(lab, HOST, "cat >> /root/.ssh/authorized_keys", key)
        declare(lab, declared.replace("  - id: app\n", f"  - id: app\n{EXISTING}"))
        yield
    finally:
        on(lab, HOST, "systemctl stop town-kiosk || true")
        on(lab, HOST, "cat > /root/.ssh/authorized_keys", keys)
        on(lab, OPERATIONS, f"rm -f {STATE}/looks/{HOST}.*")
        declare(lab, declared)
        on(lab, OPERATIONS, "systemctl start bastide-audit-changes")


@pytest.mark.usefixtures("read_and_not_changed")
def test_a_new_listener_is_a_difference_and_then_an_alert(lab: EstateContext) -> None:
    on(lab, OPERATIONS, "systemctl start bastide-look.service")
    assert drift(lab) == ()
    on(lab, HOST, KIOSK)
    on(lab, OPERATIONS, "systemctl start bastide-look.service")

    assert wait_until(lambda: bool(drift(lab)), PENDING_SECONDS, every=1)
    ((labels, _),) = drift(lab)
    assert labels["municipality"] == "kastrava"
    assert "listener" in kinds(lab)

    on(lab, HOST, "systemctl stop town-kiosk")
    on(lab, OPERATIONS, "systemctl start bastide-look.service")
    assert wait_until(lambda: not drift(lab), PENDING_SECONDS, every=1), kinds(lab)
