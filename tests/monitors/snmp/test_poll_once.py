"""The one-shot poll behind ``bastide snmp poll``."""

import asyncio
from pathlib import Path

from infra.lab.agent.config import AgentConfig
from inventory.load import load_estate
from monitors.snmp.poller import poll_once
from monitors.snmp.targets import targets
from tests.infra.lab.agent.running import AUTH, PRIV, running
from tests.loopback import free_udp_port
from tests.monitors.exporter.exporter_client import ESTATE, SWITCH_ADDRESS


def test_without_secrets_every_device_is_a_failure_that_says_so(tmp_path: Path) -> None:
    results = poll_once(targets(load_estate(ESTATE)).values(), tmp_path)
    assert [result.success for result in results] == [False] * 3
    assert all("generated:snmp-auth" in result.failure for result in results)


def test_all_devices_are_polled_or_only_the_named_ones(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "snmp-auth").write_text(AUTH, encoding="utf-8")
    (tmp_path / "secrets" / "snmp-priv").write_text(PRIV, encoding="utf-8")
    estate, port = load_estate(ESTATE), free_udp_port(SWITCH_ADDRESS)

    def polled(names: list[str] | None) -> dict[str, bool]:
        known = targets(estate, port)
        wanted = [known[name] for name in names or known]
        results = poll_once(wanted, tmp_path, deadline_seconds=5)
        return {result.target.name: result.success for result in results}

    async def scenario(config: AgentConfig) -> None:
        assert await asyncio.to_thread(polled, ["harbour-switch"]) == {"harbour-switch": True}
        assert await asyncio.to_thread(polled, None) == {
            "harbour-switch": True,
            "harbour-ups": False,
            "harbour-edge": False,
        }

    async def main() -> None:
        async with running(tmp_path, address=SWITCH_ADDRESS, port=port) as config:
            await scenario(config)

    asyncio.run(main())
