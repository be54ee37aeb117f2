"""The monitoring host: its processes as they run, its answers, what it could give away."""
# ruff: noqa: S101

import json
import re

from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.facts.system import listeners, unit_state
from monitors.audit.model.controls import Limits
from monitors.audit.model.declared import Declared

RUNNING = "pgrep -a -x prometheus; pgrep -a -f '^/usr/bin/prometheus-alertmanager'"
ORDERS = ("--web.enable-admin-api", "--web.enable-lifecycle", "--web.enable-remote-write-receiver")
# Who audits has no login at Alertmanager; the exporter has.
WATCHDOG = "curl -sS --fail-with-body --max-time 5 http://127.0.0.1:9872/watchdog"
WITHOUT_LOGIN = (
    "for server in 'Prometheus 9090' 'Alertmanager 9093'; do set -- $server; "
    "for scheme in http https; do curl -sk --max-time 5 -o /dev/null "
    '-w "$1 $scheme %{http_code}\\n" $scheme://127.0.0.1:$2/metrics; done; done'
)
# What they answer to plain HTTP when they speak TLS, and to a stranger when they want a login.
REFUSED = {"http": "400", "https": "401"}
SECRETS = (
    r"find /var/lib/bastide /etc/bastide \( -path '*/secrets/*' -o -path '*/ssh/audit' "
    r"-o -name '*.pem' -o -name '*.key' -o -name exporter.env "
    r"-o -path '/etc/bastide/notify/*' -o -path /etc/bastide/web/password "
    r"-o -path /etc/bastide/web/web.yml \) -type f "
    r"-printf '%u %g %m %p\n' 2>/dev/null"
)
OWNERS = ("root", "bastide")
# Whose servers show a certificate and compare a login; settings below /etc stay root's.
SERVERS_GROUP = "prometheus"
UNITS = {"d": 1, "w": 7, "y": 365}
EXPORTER_PORT = 9100
NOTICE = ("bastide-changes.path", "bastide-changes.timer")


def test_mon_01_no_orders(host: Host) -> None:
    """Neither process was started with an interface that changes or ends it."""
    lines = _running(host)
    given = [order for order in ORDERS if any(order in line for line in lines)]
    cluster = [line for line in lines if "alertmanager" in line and not _alone(line)]
    assert not given, f"started with {', '.join(given)}"
    assert not cluster, "Alertmanager takes peers in from the network (--cluster.listen-address)"


def test_mon_02_retention(host: Host, limits: Limits) -> None:
    """Prometheus keeps measurements for long, and has an upper size."""
    line = next((line for line in _running(host) if "--storage" in line), "")
    kept = re.search(r"retention\.time=(\d+)([dwy])", line)
    days = int(kept[1]) * UNITS[kept[2]] if kept else 15
    wanted = limits["days"]
    assert days >= wanted, f"Prometheus keeps {days} days, expected {wanted} or more"
    assert "retention.size=" in line, "nothing bounds the disk that Prometheus takes"


def test_mon_03_watchdog(host: Host, declared: Declared) -> None:
    """Alertmanager holds the alert that always fires, once for every place with hosts."""
    answer = host.run(WATCHDOG)
    if answer.rc != 0:
        said = answer.stdout.strip() or answer.stderr.strip()
        raise UndeterminedError(f"Alertmanager's alerts are not known: {said[:200]}")
    firing = set(json.loads(answer.stdout))
    silent = sorted({each.municipality for each in declared.watched} - firing)
    assert not silent, f"no watchdog alert of {', '.join(silent)}"


def test_mon_04_secrets_closed(host: Host) -> None:
    """Keys and secrets belong to root or the account that needs them; nobody else reads them."""
    rows = [line.split(" ", 3) for line in host.run(SECRETS).stdout.splitlines()]
    if not rows:
        raise UndeterminedError("no key or secret was found where the collectors keep them")
    wrong = [
        f"{path} is {owner}'s and group {group}'s with mode {mode}"
        for owner, group, mode, path in rows
        if owner not in OWNERS or int(mode, 8) & _closed(group, path)
    ]
    assert not wrong, "; ".join(wrong[:5])


def test_mon_05_exporter_bound(host: Host, declared: Declared) -> None:
    """node_exporter listens, and on no other address than the declared one."""
    bound = {listener.address for listener in listeners(host) if listener.port == EXPORTER_PORT}
    other = sorted(bound - {declared.address})
    assert bound, f"nothing listens on port {EXPORTER_PORT}: the host is not measured"
    assert not other, f"listens on {', '.join(other)}, expected {declared.address} only"


def test_mon_06_login(host: Host) -> None:
    """Neither answers anybody without TLS and a login."""
    lines = [line.split() for line in host.run(WITHOUT_LOGIN).stdout.splitlines()]
    answering = {name for name, _, code in lines if code != "000"}
    silent = sorted({name for name, *_ in lines} - answering)
    if silent or not lines:
        raise UndeterminedError(f"no answer from {', '.join(silent) or 'either'}")
    open_to_all = [
        f"{name} answers {scheme} without a login (status {code})"
        for name, scheme, code in lines
        if code not in (REFUSED[scheme], "000")
    ]
    assert not open_to_all, "; ".join(open_to_all)


def test_mon_07_changes_noticed(host: Host) -> None:
    """The units that note changes wait for the next one, and are started at boot."""
    for name in NOTICE:
        unit = unit_state(host, name)
        state, at_boot = unit.get("ActiveState", "unknown"), unit.get("UnitFileState", "")
        assert state == "active", f"{name} is {state}, expected active"
        assert at_boot == "enabled", f"{name} is {at_boot or 'not there'}, expected enabled"


def _closed(group: str, path: str) -> int:
    """Return the bits of a mode that nobody but the owner may have."""
    served = group == SERVERS_GROUP and path.startswith("/etc/bastide/")
    return 0o037 if served else 0o077


def _running(host: Host) -> list[str]:
    lines: list[str] = host.run(RUNNING).stdout.splitlines()
    if not any("alertmanager" in line for line in lines) or len(lines) < 2:
        raise UndeterminedError("Prometheus or Alertmanager does not run")
    return lines


def _alone(line: str) -> bool:
    return re.search(r"--cluster\.listen-address=( |$)", line) is not None
