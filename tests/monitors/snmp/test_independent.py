"""Our polls held against implementations that are not ours: pysnmp's client, net-snmp's agent."""

import asyncio
from pathlib import Path

import pytest
from pysnmp.hlapi.v3arch import asyncio as pysnmp

from infra.lab.agent.config import AgentConfig
from tests.infra.lab.agent.running import ADDRESS, AUTH, PRIV, running
from tests.monitors.snmp.net_snmp import SNMPD, running_snmpd
from tests.monitors.snmp.polled_agents import failures, poller, target, target_of, values

STEADY = {
    "ifAdminStatus": "1.3.6.1.2.1.2.2.1.7",
    "ifOperStatus": "1.3.6.1.2.1.2.2.1.8",
    "ifHighSpeed": "1.3.6.1.2.1.31.1.1.1.15",
}


async def by_pysnmp(config: AgentConfig, base: str) -> list[float]:
    numbers = []
    async for error, status, _, bindings in pysnmp.bulk_walk_cmd(
        pysnmp.SnmpEngine(),
        pysnmp.UsmUserData(
            config.user,
            AUTH,
            PRIV,
            authProtocol=pysnmp.usmHMACSHAAuthProtocol,
            privProtocol=pysnmp.usmAesCfb128Protocol,
        ),
        await pysnmp.UdpTransportTarget.create((ADDRESS, config.port)),
        pysnmp.ContextData(),
        0,
        25,
        pysnmp.ObjectType(pysnmp.ObjectIdentity(base)),
        lookupMib=False,
        lexicographicMode=False,
    ):
        assert not error, error
        assert not status, status
        numbers += [float(value) for _, value in bindings]
    return numbers


def test_pysnmp_reads_the_same_values(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as config:
            result = await poller(tmp_path).poll(target_of(tmp_path, config), 20)
            for metric, base in STEADY.items():
                assert values(result, metric) == await by_pysnmp(config, base)

    asyncio.run(scenario())


@pytest.mark.skipif(SNMPD is None, reason="net-snmp's snmpd is not installed here")
def test_a_linux_host_with_net_snmp_gives_its_interfaces(tmp_path: Path) -> None:
    with running_snmpd(tmp_path, ADDRESS, ["rouser bastide priv"]) as port:
        result = asyncio.run(poller(tmp_path).poll(target(tmp_path, port, kind="host"), 20))
    assert failures(result) == ""
    interfaces = {path.name for path in Path("/sys/class/net").iterdir() if path.is_dir()}
    assert len(values(result, "ifHCInOctets")) == len(interfaces)
