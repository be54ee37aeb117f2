"""A library asked for the 13 columns: `python -m tests.bench.rivals.library NAME VERSION POLLS`.

Prints the CPU seconds of its polls, after one that does not count.
"""

import asyncio
import json
import resource
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from gufo.snmp import Aes128Key, Sha1Key, SnmpVersion
from gufo.snmp import User as GufoUser
from gufo.snmp.aio import SnmpSession
from gufo.snmp.sync import SnmpSession as BlockingSession
from pysnmp.hlapi.v3arch.asyncio import (
    CommunityData,
    ContextData,
    ObjectIdentity,
    ObjectType,
    SnmpEngine,
    UdpTransportTarget,
    UsmUserData,
    bulk_walk_cmd,
    usmAesCfb128Protocol,
    usmHMACSHAAuthProtocol,
)

from tests.bench.processes import REPOSITORY, python
from tests.bench.rivals.columns import COLUMNS, VALUES
from tests.bench.switches import COMMUNITY, FIRST, PORT, USER

ROWS = 50
Poll = Callable[[], Awaitable[int]]


def cpu_per_poll(library: str, version: str, polls: int) -> float:
    """CPU seconds that one poll of one switch costs, in a process of its own."""
    command = python("-m", "tests.bench.rivals.library", library, version, str(polls))
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY)
    return float(json.loads(done.stdout)) / polls


def with_pysnmp(version: str) -> Poll:
    """Its high-level walk of each column, without looking names up in MIBs."""
    engine = SnmpEngine()
    who = (
        CommunityData(COMMUNITY)
        if version == "v2c"
        else UsmUserData(
            USER.user,
            USER.auth,
            USER.priv,
            authProtocol=usmHMACSHAAuthProtocol,
            privProtocol=usmAesCfb128Protocol,
        )
    )

    async def poll() -> int:
        count = 0
        target = await UdpTransportTarget.create((str(FIRST), PORT))
        for column in COLUMNS:
            walk = bulk_walk_cmd(
                engine,
                who,
                target,
                ContextData(),
                0,
                ROWS,
                ObjectType(ObjectIdentity(column.oid)),
                lookupMib=False,
                lexicographicMode=False,
            )
            async for error, status, _, bindings in walk:
                if error or status:
                    raise RuntimeError(f"pysnmp: {error or status}")
                count += len(bindings)
        return count

    return poll


def with_gufo(version: str) -> Poll:
    """One session, its own bulk walk of each column; keys and engine kept between polls."""
    session = SnmpSession(str(FIRST), PORT, **_gufo_access(version))

    async def poll() -> int:
        if version == "v3" and not session.get_engine_id():
            await session.refresh()
        count = 0
        for column in COLUMNS:
            async for _ in session.getbulk(column.oid, ROWS):
                count += 1
        return count

    return poll


def with_gufo_sync(version: str) -> Poll:
    """Its blocking client: one switch at a time, nothing else in between."""
    session = BlockingSession(str(FIRST), PORT, **_gufo_access(version))

    async def poll() -> int:
        if version == "v3" and not session.get_engine_id():
            session.refresh()
        return sum(1 for column in COLUMNS for _ in session.getbulk(column.oid, ROWS))

    return poll


def _gufo_access(version: str) -> dict[str, Any]:
    if version == "v2c":
        return {"community": COMMUNITY, "version": SnmpVersion.v2c}
    auth, priv = Sha1Key(USER.auth.encode()), Aes128Key(USER.priv.encode())
    return {"user": GufoUser(USER.user, auth_key=auth, priv_key=priv)}


LIBRARIES: dict[str, Callable[[str], Poll]] = {
    "pysnmp": with_pysnmp,
    "gufo-snmp": with_gufo,
    "gufo-snmp, blocking": with_gufo_sync,
}


async def _measure(poll: Poll, polls: int) -> float:
    if (count := await poll()) != VALUES:
        raise RuntimeError(f"expected {VALUES} values, found {count}")
    before = _own_cpu()
    for _ in range(polls):
        await poll()
    return _own_cpu() - before


def _own_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    library, version, polls = sys.argv[1:]

    async def main() -> float:
        return await _measure(LIBRARIES[library](version), int(polls))

    sys.stdout.write(f"{asyncio.run(main())}\n")
