"""Which of many addresses an SNMP agent answers at, and what it is: nothing secret is shouted.

An agent of SNMPv3 tells its engine to whoever asks (RFC 3414, 4), without any secret. Only one that
answered is then asked what it is, with the access that the inventory has for it. A community goes
over the network in clear, so it is sent to addresses only where a person wants that.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from inventory.enums import SnmpVersion
from monitors.pace import Pace
from monitors.snmp import oid
from monitors.snmp.client import Agent, Community, NoAnswerError
from monitors.snmp.discover.observed import ObservedDevice, observe
from monitors.snmp.exchange import CommunityCodec, Request
from monitors.snmp.poller import Poller
from monitors.snmp.session import NetworkClient
from monitors.snmp.targets import SnmpTarget, agent
from monitors.snmp.transport import Transport
from monitors.snmp.usm_codec import NOBODY
from monitors.snmp.wire import pdu, usm_message

ANSWER_SECONDS = 2.0
POLL_SECONDS = 15.0
SYS_NAME = oid.encode("1.3.6.1.2.1.1.5.0")
PROFILES = ("system",)
COMMUNITY_KEPT = (
    "it was not asked what it is: the community would have gone there in clear (--send-community)"
)

OnProbe = Callable[[], None]
Message = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class AnsweringAgent:
    """An agent that answered; `observed` is what it is, None where `problem` says why not."""

    address: str
    observed: ObservedDevice | None
    problem: str = ""


def probes_of(target: SnmpTarget, *, send_community: bool) -> int:
    """Return how many probes are sent to a target that does not answer."""
    return 2 if _has_community(target) and send_community else 1


async def find_agents(
    targets: Sequence[SnmpTarget],
    state: Path,
    pace: Pace,
    *,
    send_community: bool = False,
    on_probe: OnProbe = lambda: None,
) -> dict[str, AnsweringAgent]:
    """Return the agents that answer, by address; each is asked once, at a pace.

    `state` is the estate's state directory, where its secrets are. Raises
    inventory.secrets.SecretError when a community is to be sent and is not there.
    """
    messages = [tuple(_messages(target, state, send_community)) for target in targets]
    transport, client = Transport(), NetworkClient()
    poller = Poller(state, client)

    async def one(target: SnmpTarget, own: Sequence[Message]) -> AnsweringAgent | None:
        where = Agent(target.address, target.port, Community(""))
        answers = [await _answers(transport, where, m, pace, on_probe) for m in own]
        if not any(answers):
            return None
        if _has_community(target) and not send_community:
            return AnsweringAgent(target.address, None, COMMUNITY_KEPT)
        async with pace:
            polled = await poller.poll(target, POLL_SECONDS, PROFILES)
        if not polled.success:
            return AnsweringAgent(target.address, None, polled.failure)
        return AnsweringAgent(target.address, observe(polled.device_families))

    try:
        found = await asyncio.gather(*map(one, targets, messages))
    finally:
        transport.close()
        client.close()
    return {each.address: each for each in found if each}


def _has_community(target: SnmpTarget) -> bool:
    return target.access.version is not SnmpVersion.V3


def _messages(target: SnmpTarget, state: Path, send_community: bool) -> Iterator[Message]:
    yield _engine_request
    if _has_community(target) and send_community:
        credentials = agent(target, state).credentials
        assert isinstance(credentials, Community)  # noqa: S101 - its access was looked at
        codec = CommunityCodec(credentials)
        yield lambda number: codec.encode(number, Request(pdu.GET, [SYS_NAME]))


def _engine_request(number: int) -> bytes:
    return usm_message.encode_clear(number, NOBODY, pdu.request(pdu.GET, number, ()))


async def _answers(
    transport: Transport, where: Agent, message: Message, pace: Pace, on_probe: OnProbe
) -> bool:
    async with pace:
        number = transport.number()
        try:
            transport.send(where, number, message(number))
            await transport.response(number, ANSWER_SECONDS)
        except NoAnswerError:
            return False
        finally:
            transport.forget(number)
            on_probe()
    return True
