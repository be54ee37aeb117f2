"""The SNMP agent, whose configuration holds secrets: of a line with one only its keyword leaves."""
# ruff: noqa: S101

from monitors.audit.collect.backends import Host
from monitors.audit.facts.system import active_units

SNMP_ACCESS = (
    r"sed -nE -e 's/^\s*(r[ow]community6?|com2sec6?|authcommunity|createUser)\s.*/\1/p' "
    r"-e '/^\s*(rouser|rwuser|authuser)\s/p' /etc/snmp/snmpd.conf /etc/snmp/snmpd.conf.d/*.conf"
)


def test_snmp_01_version_3_only(host: Host) -> None:
    """The SNMP agent is absent, or grants access to authPriv users only."""
    grants = [line.split() for line in host.run(SNMP_ACCESS).stdout.splitlines()]
    running = active_units(host, "snmpd")
    if not running:
        return
    open_names = sorted({words[0] for words in grants if "com" in words[0]})
    users = [words for words in grants if words[0] in ("rouser", "rwuser", "authuser")]
    loose = [" ".join(words) for words in users if not {"priv", "authpriv"} & set(words[2:])]
    assert not open_names, f"snmpd.conf grants access by community: {', '.join(open_names)}"
    assert users, "snmpd runs, but snmpd.conf grants access to no version 3 user"
    assert not loose, f"access without authPriv: {'; '.join(loose)}"


def test_snmp_02_reads_a_view(host: Host) -> None:
    """Users of the SNMP agent read, and only within a view or a subtree; nobody writes."""
    grants = [line.split() for line in host.run(SNMP_ACCESS).stdout.splitlines()]
    running = active_units(host, "snmpd")
    if not running:
        return
    writers = sorted({words[0] for words in grants if words[0].startswith("rw")})
    users = [words for words in grants if words[0] in ("rouser", "authuser")]
    # rouser [-s MODEL] USER LEVEL (OID | -V VIEW): what follows the level narrows it.
    whole = [" ".join(words) for words in users if not _narrowed(words)]
    assert not writers, f"snmpd.conf lets others write: {', '.join(writers)}"
    assert not whole, f"may read the whole tree: {'; '.join(whole)}"


def _narrowed(words: list[str]) -> bool:
    after = words[1:]
    if after[:1] == ["-s"]:
        after = after[2:]
    return len(after) > 2
