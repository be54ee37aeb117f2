"""What must not be installed."""
# ruff: noqa: S101

from monitors.security.backends import Host

CLEAR_TEXT = (
    "inetutils-telnetd inetutils-inetd openbsd-inetd xinetd telnetd telnet inetutils-telnet "
    "rsh-server rsh-client rsh-redone-server rsh-redone-client nis ypbind-mt ypserv "
    "tftpd tftpd-hpa atftpd tftp tftp-hpa talk talkd"
)


def test_pkg_01_no_clear_text_services(host: Host) -> None:
    """No package of a clear-text remote service is installed."""
    out = host.run(f"dpkg-query -W -f '${{Package}} ${{db:Status-Status}}\\n' {CLEAR_TEXT}")
    rows = (line.split(" ") for line in out.stdout.splitlines())
    found = sorted(row[0] for row in rows if row[-1] == "installed")
    assert not found, f"installed: {', '.join(found)}"
