"""A receiver that listens on loopback, and senders of all kinds to its port.

Senders bind to the loopback addresses that the estate in ``cases/estate`` gives its devices.
"""

import asyncio
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client.samples import Sample

from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.model.snmp_access import SnmpAccess
from monitors.snmp import oid
from monitors.snmp.client import User
from monitors.snmp.traps.receiver import MODULE, Receiver
from monitors.snmp.traps.trap import Trap
from monitors.snmp.wire import ber, community_message, pdu, usm_message
from monitors.snmp.wire.usm_keys import localized
from monitors.snmp.wire.usm_message import Moment

CASES = Path(__file__).parent / "cases"
HERE = "127.0.0.1"
SWITCH, UPS, PRINTER, CAMERA = "127.0.71.30", "127.0.71.31", "127.0.71.32", "127.0.71.33"
STRANGER = "127.0.99.9"
AUTH, PRIV, WORD = "correct-horse-auth", "correct-horse-priv", "paper-jam"
BASTIDE = User("bastide", "SHA", AUTH, "AES", PRIV)
MODEM = User("modem", "SHA", "modem-secret-auth", "AES", "modem-secret-priv")
OTHER_KEYS = User("bastide", "SHA256", "camera-secret-auth", "AES256", "camera-secret-priv")
SECRETS = {
    "snmp-auth": AUTH,
    "snmp-priv": PRIV,
    "snmp-printer": WORD,
    "camera-auth": OTHER_KEYS.auth,
    "camera-priv": OTHER_KEYS.priv,
    "modem-auth": MODEM.auth,
    "modem-priv": MODEM.priv,
}
ENGINE = bytes.fromhex("80007ed9047377697463682d6f6e65")
COLD_START, LINK_DOWN = "1.3.6.1.6.3.1.1.5.1", "1.3.6.1.6.3.1.1.5.3"
LINK_UP = "1.3.6.1.6.3.1.1.5.4"
UP_TIME, TRAP_OID = "1.3.6.1.2.1.1.3.0", "1.3.6.1.6.3.1.1.4.1.0"
PATIENCE_SECONDS = 20.0
TIME_TICKS = 0x43


@dataclass(slots=True)
class Receiving:
    """A receiver, its port, and what it has counted."""

    receiver: Receiver
    traps: list[Trap] = field(default_factory=list)

    @property
    def port(self) -> int:
        """Its UDP port on loopback."""
        return self.receiver.address[1]

    def listener(self) -> int:
        """The number of its process: our only child but for what a test runs."""
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
        pids = [int(child) for child in children.split()]
        return next(n for n in pids if MODULE.encode() in Path(f"/proc/{n}/cmdline").read_bytes())

    def count(self, metric: str, **labels: str) -> float:
        """The value of a series, 0 when there is none."""
        return sum(s.value for s in self._samples(metric) if s.labels == labels)

    def rejected(self, reason: str) -> float:
        """How many datagrams were rejected for a reason."""
        return self.count("bastide_snmp_traps_rejected_total", reason=reason)

    def accepted(self) -> float:
        """How many traps were accepted."""
        return sum(sample.value for sample in self._samples("bastide_snmp_traps_total"))

    async def until(self, what: str, reached: float, after: str = "", **labels: str) -> None:
        """Wait until a count is reached; a test that waits in vain fails, and names ``after``."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while self._count_of(what, labels) < reached:
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"{what} stays below {reached:g} {after}") from None

    def _count_of(self, what: str, labels: dict[str, str]) -> float:
        if what == "accepted":
            return self.accepted()
        return self.count(what, **labels) if what.startswith("bastide") else self.rejected(what)

    def _samples(self, metric: str) -> list[Sample]:
        name = metric.removesuffix("_total")
        return next(f.samples for f in self.receiver.collect() if f.name == name)


def estate() -> Estate:
    """Two harbours: devices by v3 and v2c, and a site behind one address."""
    return load_estate(CASES / "estate")


def make_secrets(state: Path, without: str) -> None:
    """Write the secrets that the estate refers to, all but one."""
    (state / "secrets").mkdir(parents=True, exist_ok=True)
    for name in SECRETS.keys() - {without}:
        (state / "secrets" / name).write_text(SECRETS[name], encoding="utf-8")


@asynccontextmanager
async def receiving(
    state: Path, port: int = 0, *, snmp: SnmpAccess | None = None, without: str = ""
) -> AsyncIterator[Receiving]:
    """A receiver that listens, with its process up; ``snmp`` is the estate's access."""
    make_secrets(state, without)
    traps: list[Trap] = []
    tested_estate = estate().model_copy(update={"snmp": snmp}) if snmp else estate()
    receiver = Receiver(tested_estate, state, (HERE, port), traps.append)
    receiving = Receiving(receiver, traps)
    await receiver.start()
    try:
        await receiving.until("bastide_snmp_trap_listener_up", 1)
        yield receiving
    finally:
        await receiver.stop()


def send(data: bytes, source: str, port: int) -> None:
    """Send one datagram from an address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.bind((source, 0))
        out.sendto(data, (HERE, port))


def bindings(trap: str = LINK_DOWN, index: int = 3, up_time: int = 4711) -> list[bytes]:
    """What a switch says when a port loses its link."""
    number = ber.integer(index)
    return [
        pdu.binding(oid.encode(UP_TIME), TIME_TICKS, up_time.to_bytes(4, "big")),
        pdu.binding(oid.encode(TRAP_OID), ber.OID, oid.encode(trap)),
        pdu.binding(oid.encode(f"1.3.6.1.2.1.2.2.1.1.{index}"), ber.INTEGER, number[2:]),
    ]


def plain(word: str = WORD, number: int = 7, varbinds: Sequence[bytes] | None = None) -> bytes:
    """A v2c trap."""
    content = pdu.encode(pdu.TRAP, number, bindings() if varbinds is None else varbinds)
    return community_message.encode(community_message.V2C, word.encode(), content)


def signed(
    user: User = BASTIDE,
    moment: Moment | None = None,
    number: int = 7,
    varbinds: Sequence[bytes] | None = None,
    kind: int = pdu.TRAP,
) -> bytes:
    """A v3 message, a trap of the engine ``ENGINE`` unless given another."""
    now = moment or Moment(ENGINE, 5, 1000)
    content = pdu.encode(kind, number, bindings() if varbinds is None else varbinds)
    salt = number.to_bytes(8, "big")
    return usm_message.encode(number, now, localized(user, now.engine), content, salt, flags=0)


async def net_snmp(tool: str, source: str, port: int, *arguments: str) -> int:
    """Run net-snmp's snmptrap or snmpinform from an address; the exit status."""
    *options, trap = arguments
    command = (tool, f"--clientaddr={source}", *options, f"{HERE}:{port}", "", trap)
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=False)
    return done.returncode


ONCE = ("-r", "0", "-t", "1")
V3 = ("-v3", "-l", "authPriv", "-u", "bastide", "-a", "SHA", "-A", AUTH, "-x", "AES", "-X", PRIV)
