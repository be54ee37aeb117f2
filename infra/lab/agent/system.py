"""What every agent answers: SNMPv2-MIB system (RFC 3418) and the engine (RFC 3411)."""

from infra.lab.agent.config import AgentConfig
from infra.lab.agent.objects import Objects, Oid, fixed, moving

SYSTEM: Oid = (1, 3, 6, 1, 2, 1, 1)
ENGINE: Oid = (1, 3, 6, 1, 6, 3, 10, 2, 1)
# The enterprise number kept for documentation: RFC 5612.
EXAMPLE_ENTERPRISE = 32473
# The longest text that an engine ID may carry: RFC 3411, SnmpEngineID.
LONGEST_ENGINE_TEXT = 27
TICKS_PER_SECOND = 100


def engine_id(name: str) -> bytes:
    """The agent's SnmpEngineID: a function of its name, so the same after a restart.

    Format 4 of RFC 3411 (text assigned by the administrator); a longer name keeps its end,
    which is where device names differ.
    """
    text = name.encode()[-LONGEST_ENGINE_TEXT:]
    return (0x80000000 | EXAMPLE_ENTERPRISE).to_bytes(4, "big") + b"\x04" + text


def objects(config: AgentConfig, description: str, product: Oid, services: int) -> Objects:
    """The system group and the snmpEngine group.

    ``product`` is the sysObjectID below the example enterprise, ``services`` sysServices.
    """
    enterprise: Oid = (1, 3, 6, 1, 4, 1, EXAMPLE_ENTERPRISE)
    return {
        (*SYSTEM, 1, 0): fixed("OctetString", description),
        (*SYSTEM, 2, 0): fixed("ObjectIdentifier", enterprise + product),
        (*SYSTEM, 3, 0): moving("TimeTicks", lambda m: m.uptime * TICKS_PER_SECOND),
        (*SYSTEM, 4, 0): fixed("OctetString", config.contact),
        (*SYSTEM, 5, 0): fixed("OctetString", config.name),
        (*SYSTEM, 6, 0): fixed("OctetString", config.location),
        (*SYSTEM, 7, 0): fixed("Integer32", services),
        (*ENGINE, 1, 0): fixed("OctetString", engine_id(config.name)),
        (*ENGINE, 2, 0): moving("Integer32", lambda m: m.boots),
        (*ENGINE, 3, 0): moving("Integer32", lambda m: m.uptime),
        (*ENGINE, 4, 0): fixed("Integer32", 65507),
    }
