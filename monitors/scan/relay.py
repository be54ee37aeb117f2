"""TCP connections that a jump host makes for a scan (direct-tcpip, RFC 4254, 7.2).

A jump host does not say why a connection failed: what refuses looks like what is silent. One that
it still tries cannot be called back but by logging out, and each holds a file of its sshd open.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import paramiko

from inventory.connections import Connection
from monitors.ssh.explain import FORBIDDEN, explain
from monitors.ssh.failures import Kind, SshError
from monitors.ssh.transport import Way, close, hops, walk

# Its kernel takes 3 s to know that nobody has an address of its own network (arp(7)).
CONNECT_SECONDS = 4.0
MOST_UNANSWERED = 200
# What comes before a login fits into it.
WINDOW_BYTES = 1 << 16


class Relay:
    """A login at a jump host, through which ports are tried."""

    def __init__(self, jump: Connection, way: Way, pool: ThreadPoolExecutor) -> None:
        """Log in; SshError when that fails."""
        self._jump, self._way, self._pool = jump, way, pool
        self._transports = walk(hops(jump), way)
        self._unanswered = 0

    async def connect(self, address: str, port: int) -> paramiko.Channel:
        """Return a connection; OSError when there is none, SshError when there can be none."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._open, address, port)

    def _open(self, address: str, port: int) -> paramiko.Channel:
        transport = self._transports[-1]
        try:
            return transport.open_channel(
                "direct-tcpip",
                dest_addr=(address, port),
                src_addr=("127.0.0.1", 0),
                window_size=WINDOW_BYTES,
                timeout=CONNECT_SECONDS,
            )
        except paramiko.ChannelException as error:
            if error.code == FORBIDDEN:
                raise self._forbids(address, port) from None
            raise ConnectionError(error.text) from None
        except (paramiko.SSHException, OSError, EOFError) as error:
            if not transport.is_active():
                raise explain(error, self._jump, jumped=False) from None
            self._unanswered += 1
            raise TimeoutError from None

    def renew(self) -> None:
        """Log in anew when too much was never answered; nothing may be under way. SshError."""
        if self._unanswered >= MOST_UNANSWERED:
            self.close()
            self._transports = walk(hops(self._jump), self._way)
            self._unanswered = 0

    def close(self) -> None:
        """Log out; what the jump host still tries ends with it."""
        close(self._transports)

    def _forbids(self, address: str, port: int) -> SshError:
        return SshError(
            Kind.FORWARDING_REFUSED,
            self._jump.name,
            f"expected {self._jump.place} to forward to {address} port {port}, found that it "
            "forbids it; allow it there for this account while you scan (`AllowTcpForwarding "
            "local` and no `PermitOpen` in sshd_config, no `restrict` or `permitopen` before the "
            "key), or scan from a machine in that network",
        )
