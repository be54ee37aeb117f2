"""A simulated uninterruptible power supply: UPS-MIB (RFC 1628)."""

import math
import random

from infra.lab.agent import system
from infra.lab.agent.config import AgentConfig
from infra.lab.agent.objects import Moment, Objects, Oid, fixed, moving

UPS: Oid = (1, 3, 6, 1, 2, 1, 33, 1)
BATTERY_NORMAL, BATTERY_LOW, BATTERY_DEPLETED = 2, 3, 4
SOURCE_NORMAL, SOURCE_BATTERY = 3, 5
UPS_SERVICES = 72  # sysServices: end-to-end and applications
RUNTIME_SECONDS = 40 * 60.0
RATED_WATTS = 2700
MAINS_VOLTS = 230
LOW_MINUTES = 5
SWING_SECONDS = 900.0


def charge_percent(moment: Moment) -> float:
    """Remaining charge: full on mains, falling evenly on battery, or what a test has set."""
    if moment.charge_percent is not None:
        return moment.charge_percent
    return max(0.0, 100.0 * (1 - moment.battery_seconds / RUNTIME_SECONDS))


def minutes_remaining(moment: Moment) -> float:
    """Estimated runtime on battery at the present charge."""
    return RUNTIME_SECONDS / 60 * charge_percent(moment) / 100


def battery_status(moment: Moment) -> int:
    """upsBatteryStatus: normal, low (below upsConfigLowBattTime) or depleted."""
    if charge_percent(moment) <= 0:
        return BATTERY_DEPLETED
    return BATTERY_LOW if minutes_remaining(moment) < LOW_MINUTES else BATTERY_NORMAL


def objects(config: AgentConfig) -> Objects:
    """Everything that the UPS answers."""
    table = system.objects(config, "Simulated 3 kVA UPS", (2, 1), UPS_SERVICES)
    table.update(_identity(config))
    table.update(_battery())
    table.update(_lines(random.Random(config.name)))  # noqa: S311 - a load, not a secret
    return table


def _identity(config: AgentConfig) -> Objects:
    return {
        (*UPS, 1, 1, 0): fixed("OctetString", "Bastide lab"),
        (*UPS, 1, 2, 0): fixed("OctetString", "Simulated UPS 3000"),
        (*UPS, 1, 3, 0): fixed("OctetString", "1.0"),
        (*UPS, 1, 4, 0): fixed("OctetString", "1.0"),
        (*UPS, 1, 5, 0): fixed("OctetString", config.name),
        (*UPS, 1, 6, 0): fixed("OctetString", ""),
        (*UPS, 6, 1, 0): moving("Gauge32", lambda m: int(m.on_battery)),
        (*UPS, 7, 3, 0): fixed("Integer32", 1),
        (*UPS, 9, 1, 0): fixed("Integer32", MAINS_VOLTS),
        (*UPS, 9, 7, 0): fixed("Integer32", LOW_MINUTES),
    }


def _battery() -> Objects:
    return {
        (*UPS, 2, 1, 0): moving("Integer32", battery_status),
        (*UPS, 2, 2, 0): moving("Integer32", lambda m: math.ceil(m.battery_seconds)),
        (*UPS, 2, 3, 0): moving("Integer32", minutes_remaining),
        (*UPS, 2, 4, 0): moving("Integer32", charge_percent),
        (*UPS, 2, 5, 0): moving("Integer32", lambda m: 480 + 0.6 * charge_percent(m)),
        (*UPS, 2, 6, 0): moving("Integer32", lambda m: 250 if m.on_battery else 0),
        (*UPS, 2, 7, 0): moving("Integer32", lambda m: 26 + 3 * _swing(m)),
    }


def _lines(seeded: random.Random) -> Objects:
    base_load = seeded.uniform(25, 55)

    def load(moment: Moment) -> float:
        return base_load + 4 * _swing(moment)

    def volts(moment: Moment) -> float:
        return 0 if moment.on_battery else MAINS_VOLTS + 3 * _swing(moment)

    def watts(moment: Moment) -> float:
        return RATED_WATTS * load(moment) / 100

    return {
        (*UPS, 3, 1, 0): moving("Counter32", lambda m: int(m.on_battery)),
        (*UPS, 3, 2, 0): fixed("Integer32", 1),
        (*UPS, 3, 3, 1, 2, 1): moving("Integer32", lambda m: 0 if m.on_battery else 500),
        (*UPS, 3, 3, 1, 3, 1): moving("Integer32", volts),
        (*UPS, 4, 1, 0): moving(
            "Integer32", lambda m: SOURCE_BATTERY if m.on_battery else SOURCE_NORMAL
        ),
        (*UPS, 4, 2, 0): fixed("Integer32", 500),
        (*UPS, 4, 3, 0): fixed("Integer32", 1),
        (*UPS, 4, 4, 1, 2, 1): fixed("Integer32", MAINS_VOLTS),
        (*UPS, 4, 4, 1, 3, 1): moving("Integer32", lambda m: watts(m) / MAINS_VOLTS * 10),
        (*UPS, 4, 4, 1, 4, 1): moving("Integer32", watts),
        (*UPS, 4, 4, 1, 5, 1): moving("Integer32", load),
    }


def _swing(moment: Moment) -> float:
    return math.sin(2 * math.pi * moment.uptime / SWING_SECONDS)
