"""The journal: kept on the host within bounds, and a copy of it at central within minutes."""
# ruff: noqa: S101

import re

from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.facts.system import (
    configuration,
    files,
    host_time,
    kept_result,
    listeners,
    tls_answers,
    unit_state,
)
from monitors.audit.model.controls import Limits
from monitors.audit.model.declared import Declared

BEHIND = 19533
# The sender writes its state after each transfer that the receiver has acknowledged.
SENT = "/var/lib/systemd/journal-upload/state"
RECEIVED = "/var/lib/bastide-facts/received-logs.json"
# What a sender without a certificate is told, before and since TLS 1.3.
REFUSALS = ("certificate required", "handshake failure")
RECEIVER_PORT = 19532
LOOSE_LOGS = (
    r"find /var/log -xdev -type f \( -perm /0002 -o \( -name '*.journal' -o -name 'auth.log*' "
    r"-o -name 'secure*' -o -path '/var/log/audit/*' \) -perm /0007 \) -printf '%p %m\n'"
)
ALL_LEVELS = ("debug", "7", "info", "6")
# Lines of one service in half a minute, of journald's own 10000.
LEAST_BURST = 1000
SIZE = re.compile(r"(?!0*[A-Za-z]?$)(\d{8,}|\d{5,}K|\d{2,}M|\d+[GTPE]|\d+%)")
KEPT_LONG = {
    "MaxRetentionSec": re.compile(
        r"0|infinity|\d+ ?(w|weeks?|month|months|M|years?|y)|\d{2,} ?(d|days?)|\d{6,}s?"
    ),
    "SystemMaxUse": SIZE,
    "SystemMaxFileSize": re.compile(r"(?!0*[A-Za-z]?$)(\d{7,}|\d{4,}K|\d+[MGTPE])"),
}
SHOWN = 5


def test_log_01_persistent_journal(host: Host) -> None:
    """The journal is kept on disk and has an upper size."""
    stored = host.run("test -d /var/log/journal")
    config = configuration(host, "journald")
    storage, limit = config.get("Storage", "auto"), config.get("SystemMaxUse", "")
    assert stored.rc == 0, "/var/log/journal is absent: the journal is lost at every restart"
    assert storage == "persistent", f"Storage is {storage}, expected persistent"
    assert limit, "SystemMaxUse is not set: the journal may take a tenth of the disk"
    quiet = [f"{name}={value}" for name, value in config.items() if _keeps_little(name, value)]
    assert not quiet, f"leaves lines out: {', '.join(quiet)}"


def _keeps_little(name: str, value: str) -> bool:
    """Whether a setting of journald.conf(5) has lines left out, or taken away within days."""
    if name == "MaxLevelStore":
        return bool(value) and value not in ALL_LEVELS
    if name == "RateLimitBurst":
        return value.isdecimal() and 0 < int(value) < LEAST_BURST
    if name in ("MaxRetentionSec", "SystemMaxUse", "SystemMaxFileSize"):
        return bool(value) and not KEPT_LONG[name].fullmatch(value)
    return False


def test_log_02_journal_is_sent(host: Host, limits: Limits) -> None:
    """The sender runs, names its receiver over TLS, and had its last transfer acknowledged."""
    last, now = files(host, SENT), host_time(host)
    state = unit_state(host, "systemd-journal-upload")["ActiveState"]
    sending = configuration(host, "journal-upload")
    url = sending.get("URL", "")
    assert state == "active", f"systemd-journal-upload.service is {state}"
    assert url.startswith("https://"), f"the journal goes to {url or 'nowhere'}, expected https://"
    for name in ("TrustedCertificateFile", "ServerCertificateFile"):
        assert sending.get(name, "").startswith("/"), f"{name} is not set: nobody is verified"
    assert last, f"{url} has acknowledged nothing yet"
    silent = now - last[0].written
    assert silent <= limits["minutes"] * 60, f"{url} acknowledged last {silent / 60:.0f} min ago"


def test_log_03_logs_arrive(host: Host, declared: Declared, limits: Limits) -> None:
    """The newest line that central holds of each declared host is recent."""
    received, now = kept_result(host, RECEIVED, hours=0.25)
    newest: dict[str, float] = received["hosts"]
    names = [each.host for each in declared.watched]
    never = [name for name in names if name not in newest]
    ages = {name: (now - newest[name]) / 60 for name in names if name in newest}
    late = [f"{name} {age:.0f} min" for name, age in ages.items() if age > limits["minutes"]]
    assert not never, f"nothing has ever arrived from {', '.join(never)}"
    assert not late, f"silent for longer than {limits['minutes']} min: {', '.join(late)}"


def test_log_04_log_modes(host: Host) -> None:
    """No log is written by everyone, and those with names and commands are not read by everyone."""
    search = host.run(LOOSE_LOGS)
    loose = search.stdout.splitlines()
    if search.rc != 0:
        raise UndeterminedError(f"find failed in /var/log: {search.stderr.strip()[:200]}")
    more = f" and {len(loose) - SHOWN} more" if len(loose) > SHOWN else ""
    assert not loose, f"open to everyone: {', '.join(loose[:SHOWN])}{more}"


def test_log_05_receiver_is_closed(host: Host, limits: Limits) -> None:
    """A sender without a certificate is refused, no other way in is open, the disk is bounded."""
    answers, _ = tls_answers(host)
    answer = answers.get(RECEIVER_PORT, "")
    open_ways = [way for way in listeners(host) if way.port == BEHIND and not way.is_local]
    received, _ = kept_result(host, RECEIVED, hours=0.25)
    assert "a:PKEY:" in answer, f"nothing answers over TLS on port {RECEIVER_PORT}"
    refused = any(words in answer for words in REFUSALS)
    assert refused, "a sender that shows no certificate of the estate is let in"
    assert not open_ways, f"port {BEHIND} takes journals from anyone, past the certificates"
    used = int(received["bytes"]) / 1024**3
    assert used <= limits["gibibytes"], f"received logs take {used:.1f} GiB of the disk"
