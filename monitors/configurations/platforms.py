"""How each platform is asked for its configuration, and how it shows that it has said all."""

import re
from dataclasses import dataclass

from inventory.enums import Platform


@dataclass(frozen=True, slots=True)
class Asked:
    """How a platform is asked.

    `show` prints the configuration. `first` are said before it in a dialogue, to switch the pager
    off; None: `show` is run as a command, without a dialogue. `holds` is in every whole
    configuration, `ends` is its last line, where the platform has one. `leaves_out` are lines that
    change by themselves.
    """

    show: str
    first: tuple[str, ...] | None
    holds: str
    ends: str | None = None
    leaves_out: tuple[str, ...] = ()


WRAPPER = "/opt/vyatta/bin/vyatta-op-cmd-wrapper"
CISCO_CHANGES = (
    r"Building configuration.*",
    r"Current configuration : .*",
    r"! Last configuration change at .*",
    r"! NVRAM config last updated at .*",
    r"! No configuration change since last restart.*",
    r"ntp clock-period \d+",
)

ASKED: dict[Platform, Asked] = {
    Platform.IOS: Asked(
        "show running-config",
        ("terminal length 0", "terminal width 511"),
        r"^hostname \S",
        r"end",
        CISCO_CHANGES,
    ),
    Platform.EOS: Asked(
        "show running-config",
        ("terminal length 0", "terminal width 32767"),
        r"^hostname \S",
        r"end",
        (r"! Command: .*", r"! Startup-config last modified at .*"),
    ),
    Platform.PROCURVE: Asked(
        "show running-config",
        ("no page", "terminal width 1920"),
        r"^hostname \S",
        None,
        (r"Running configuration:",),
    ),
    Platform.ARUBA_CX: Asked(
        "show running-config",
        ("no page",),
        r"^(hostname \S|!Version )",
        None,
        (r"Current configuration:",),
    ),
    Platform.COMWARE: Asked(
        "display current-configuration",
        ("screen-length disable",),
        r"^ *sysname \S",
        r"return",
    ),
    Platform.VRP: Asked(
        "display current-configuration",
        ("screen-length 0 temporary",),
        r"^ *sysname \S",
        r"return",
        (r"!Last configuration was (?:updated|saved) at .*",),
    ),
    Platform.JUNOS: Asked(
        "show configuration | display set | no-more",
        None,
        r"^set version ",
        None,
        (r"## Last (?:commit|changed): .*",),
    ),
    Platform.VYOS: Asked(
        f"{WRAPPER} show configuration commands",
        None,
        r"^set system host-name ",
        None,
    ),
    Platform.EDGEOS: Asked(
        f"{WRAPPER} show configuration all",
        None,
        r"^ *host-name \S",
        r"\}",
    ),
    Platform.ROUTEROS: Asked(
        "/export",
        None,
        r"^# .*RouterOS",
        None,
        (r"# \S+ [0-9:]+ by RouterOS .*",),
    ),
    Platform.FORTIOS: Asked(
        "show",
        (),  # its pager is switched off in the configuration only, which is not ours to change
        r"^config system global",
        r"end",
        (r"#conf_file_ver=.*",),
    ),
    Platform.OPENWRT: Asked("uci export", None, r"^package system", None),
}


def leave_out(platform: Platform, text: str) -> str:
    """Return a configuration without the lines that change by themselves, each an empty one.

    The others keep their numbers.
    """
    patterns = [re.compile(rf"^{pattern}$") for pattern in ASKED[platform].leaves_out]
    lines = text.split("\n")
    return "\n".join(
        "" if any(pattern.match(line.rstrip()) for pattern in patterns) else line for line in lines
    )
