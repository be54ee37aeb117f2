"""Agents served to the field's own tools."""

import asyncio
import shutil
import subprocess

import pytest

from monitors.snmp.client import User
from monitors.snmp.replay.agent import Access, Agent
from monitors.snmp.replay.server import Endpoint, serving

COMMUNITY = "replayed"
USER = User("operator", "SHA", "authentication", "AES", "encryption")
STRONG = User("strong", "SHA512", "authentication", "AES256", "encryption")
ACCESS = Access(COMMUNITY, (USER, STRONG))
V2C = ["-v2c", "-c", COMMUNITY]
V3 = ["-v3", "-l", "authPriv", "-u", USER.user, "-a", "SHA", "-A", USER.auth, "-x", "AES"]
V3 += ["-X", USER.priv]
V3_STRONG = ["-v3", "-l", "authPriv", "-u", STRONG.user, "-a", "SHA-512", "-A", STRONG.auth]
V3_STRONG += ["-x", "AES-256", "-X", STRONG.priv]

needs_net_snmp = pytest.mark.skipif(
    shutil.which("snmpbulkwalk") is None, reason="net-snmp's tools are not installed (Debian: snmp)"
)


def asked(agent: Agent, *command: str) -> subprocess.CompletedProcess[bytes]:
    """What one of net-snmp's programs says to an agent; {} stands for the agent's endpoint."""
    return asyncio.run(_asked(agent, command))


async def _asked(agent: Agent, command: tuple[str, ...]) -> subprocess.CompletedProcess[bytes]:
    async with serving([(Endpoint("127.0.0.1", 0), agent)]) as (endpoint,):
        filled = [word.format(f"{endpoint.address}:{endpoint.port}") for word in command]
        process = await asyncio.create_subprocess_exec(
            *filled, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        out, err = await process.communicate()
    return subprocess.CompletedProcess(filled, process.returncode or 0, out, err)
