import pytest

from monitors.inspection.model import Listener
from monitors.inspection.readers.on_demand import read_on_demand


def listening(process: str, address: str = "*") -> tuple[Listener, ...]:
    return (Listener(protocol="tcp", address=address, port=21, process=process),)


def test_who_does_not_run_or_serves_the_host_alone_opens_nothing() -> None:
    ranges = "/etc/vsftpd.conf:pasv_min_port=40000\n"
    assert read_on_demand(ranges, listening("nginx")) == ()
    assert read_on_demand(ranges, listening("vsftpd", "127.0.0.1")) == ()


@pytest.mark.parametrize(
    ("process", "lines", "expected"),
    [
        ("vsftpd", "", ("tcp", 1024, 65535)),
        ("vsftpd", "f:pasv_min_port=0\nf:pasv_max_port=0\n", ("tcp", 1024, 65535)),
        ("vsftpd", "f:pasv_min_port=40000\nf:pasv_max_port=40010\n", ("tcp", 40000, 40010)),
        ("vsftpd", "f:pasv_min_port=99999999999999999999\n", ("tcp", 1024, 65535)),
        ("proftpd", "f:  PassivePorts   49152 49160\n", ("tcp", 49152, 49160)),
        ("pure-ftpd", "/etc/pure-ftpd/conf/PassivePortRange:30000 30009\n", ("tcp", 30000, 30009)),
        ("asterisk", "f:rtpstart=10000\nf:rtpend => 10100\n", ("udp", 10000, 10100)),
        ("turnserver", "f:min-port=50000\n", ("udp", 50000, 65535)),
        ("turnserver", "f:min-port=60000\nf:max-port=50000\n", ("udp", 60000, 60000)),
    ],
)
def test_the_ports_are_those_of_its_file_or_its_own(
    process: str, lines: str, expected: tuple[str, int, int]
) -> None:
    (ports,) = read_on_demand(lines, listening(process))
    assert (ports.protocol, ports.first, ports.last) == expected
