"""What must not be installed, and what must not serve others."""
# ruff: noqa: S101

from monitors.audit.collect.backends import Host
from monitors.audit.facts.system import listeners

MAIL_PORTS = {25, 465, 587}
CLEAR_TEXT = (
    "inetutils-telnetd inetutils-inetd openbsd-inetd xinetd telnetd telnet inetutils-telnet "
    "rsh-server rsh-client rsh-redone-server rsh-redone-client nis ypbind-mt ypserv "
    "tftpd tftpd-hpa atftpd tftp tftp-hpa talk talkd"
)


def test_pkg_01_no_clear_text_services(host: Host) -> None:
    """No package of a clear-text remote service is installed."""
    out = host.run(f"dpkg-query -W -f '${{Package}} ${{db:Status-Status}}\\n' {CLEAR_TEXT}")
    rows = (line.split(" ") for line in out.stdout.splitlines())
    packages = sorted(row[0] for row in rows if row[-1] == "installed")
    assert not packages, f"installed: {', '.join(packages)}"


def test_pkg_02_mail_is_local(host: Host) -> None:
    """No mail port can be reached from other hosts."""
    sockets = listeners(host)
    open_ports = [f for f in sockets if f.port in MAIL_PORTS and not f.is_local]
    reachable = sorted({f"{f.address}:{f.port} ({f.program})" for f in open_ports})
    assert not reachable, f"takes mail from others: {', '.join(reachable)}"
