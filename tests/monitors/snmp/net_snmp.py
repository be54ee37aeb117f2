"""net-snmp's agent: the implementation that others wrote, on a loopback address."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.infra.lab.agent.running import AUTH, PRIV
from tests.loopback import free_udp_port
from tests.running import running

SNMPD = shutil.which("snmpd", path="/usr/sbin:/usr/bin")


@contextmanager
def running_snmpd(folder: Path, address: str, lines: Sequence[str]) -> Iterator[int]:
    """Run snmpd with the user of our agents and some lines of configuration; gives its port."""
    (folder / "auth").write_text(AUTH, encoding="utf-8")
    (folder / "priv").write_text(PRIV, encoding="utf-8")
    port = free_udp_port(address)
    settings = (
        f"agentaddress udp:{address}:{port}",
        f"createUser bastide SHA {AUTH} AES {PRIV}",
        *lines,
        f"[snmp] persistentDir {folder / 'persistent'}",
    )
    file = folder / "snmpd.conf"
    file.write_text("\n".join(settings) + "\n", encoding="utf-8")
    command = (str(SNMPD), "-f", "-C", "-c", str(file), "-Lo", "-p", str(folder / "pid"))
    with running(
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    ) as agent:
        assert agent.stdout is not None
        for line in agent.stdout:
            if line.startswith("NET-SNMP version"):
                break
        yield port
        agent.terminate()
