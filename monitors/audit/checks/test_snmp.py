"""The SNMP agent, whose configuration holds secrets: of a line with one only its keyword leaves."""
# ruff: noqa: S101

from monitors.audit.collect.backends import Host
from monitors.audit.facts.system import active_units

# In all folders where the agent looks for them (snmp_config(5)), its own state among them.
SNMP_ACCESS = (
    r"sed -nE -e 's/^\s*(r[ow]community6?|com2sec6?|com2secunix|authcommunity|createUser|proxy)\s.*"
    r"/\1/Ip' -e '/^\s*(rouser|rwuser|authuser|access|includeFile|includeDir|dlmod)\s/Ip' "
    r"-e 's/^\s*(extend(-sh)?|exec|sh|pass(_persist)?|perl)\s+(\S+\s+\S+).*/\1 \4/Ip' "
    "/etc/snmp/snmpd.conf /etc/snmp/snmpd.conf.d/*.conf /etc/snmp/snmpd.local.conf "
    "/usr/share/snmp/snmpd*.conf /var/lib/snmp/snmpd*.conf /root/.snmp/snmpd*.conf"
)
INCLUDED = "/etc/snmp/snmpd.conf.d"
PROGRAMS = ("extend", "extend-sh", "exec", "sh", "pass", "pass_persist", "perl", "dlmod")


def test_snmp_01_version_3_only(host: Host) -> None:
    """The SNMP agent is absent, or grants access to authPriv users only."""
    grants, running = _granted(host), active_units(host, "snmpd")
    if not running:
        return
    elsewhere = [w for w in grants if w[0].startswith("include") and w[1:] != [INCLUDED]]
    open_names = sorted({words[0] for words in grants if "com" in words[0]})
    users = [words for words in grants if words[0] in ("rouser", "rwuser", "authuser")]
    loose = [" ".join(words) for words in users if not {"priv", "authpriv"} & set(words[2:])]
    # access GROUP CONTEXT MODEL LEVEL …
    loose += [" ".join(w) for w in grants if w[0] == "access" and "priv" not in w[4:5]]
    assert not elsewhere, f"snmpd.conf goes on in {' '.join(elsewhere[0][1:])}"
    assert not open_names, f"snmpd.conf grants access by community: {', '.join(open_names)}"
    assert users, "snmpd runs, but snmpd.conf grants access to no version 3 user"
    assert not loose, f"access without authPriv: {'; '.join(loose)}"


def test_snmp_02_reads_a_view(host: Host) -> None:
    """Users of the SNMP agent read, and only within a view or a subtree; nobody writes."""
    grants, running = _granted(host), active_units(host, "snmpd")
    if not running:
        return
    writers = sorted({words[0] for words in grants if words[0].startswith("rw")})
    # access GROUP CONTEXT MODEL LEVEL PREFIX READ WRITE NOTIFY
    writers += [" ".join(w) for w in grants if w[0] == "access" and w[7:8] != ["none"]]
    started = [" ".join(words) for words in grants if words[0] in PROGRAMS]
    users = [words for words in grants if words[0] in ("rouser", "authuser")]
    # rouser [-s MODEL] USER LEVEL (OID | -V VIEW): what follows the level narrows it.
    whole = [" ".join(words) for words in users if not _narrowed(words)]
    assert not writers, f"snmpd.conf lets others write: {', '.join(writers)}"
    assert not started, f"starts for whoever asks: {'; '.join(started)}"
    assert not whole, f"may read the whole tree: {'; '.join(whole)}"


def _granted(host: Host) -> list[list[str]]:
    """Return the words of each line that grants something, its keyword in lower case."""
    rows = [line.split() for line in host.run(SNMP_ACCESS).stdout.splitlines()]
    return [[row[0].lower(), *row[1:]] for row in rows if row]


def _narrowed(words: list[str]) -> bool:
    after = words[1:]
    if after[:1] == ["-s"]:
        after = after[2:]
    return len(after) > 2
