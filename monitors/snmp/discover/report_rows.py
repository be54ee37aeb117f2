"""A discovery as rows for people: what differs first."""

from monitors.snmp.discover.compare import Discovery, MissingNeighbour, ObservedNeighbour, Verdict

HEADINGS = ("device", "port", "what", "neighbour", "detail")

_WORDS = {
    Verdict.UNKNOWN: "unknown neighbour",
    Verdict.OTHER_ADDRESS: "known, another address",
    Verdict.RIGHT: "as it should be",
}

Row = tuple[str, str, str, str, str]


def rows(discovery: Discovery) -> tuple[Row, ...]:
    """Return one row a finding, in the order of HEADINGS; every text is fit for a terminal.

    Brackets are left as they are: who writes to rich must escape its markup.
    """
    met = {
        verdict: [_met_row(m) for m in discovery.met if m.verdict is verdict] for verdict in Verdict
    }
    names = [(o.device, "", "answers another name", "", o.says) for o in discovery.other_names]
    mute = [(name, "", "says nothing over LLDP", "", "") for name in discovery.mute]
    unanswered = [(name, "", "did not answer", "", "") for name in discovery.unanswered]
    missing = [_missing_row(each) for each in discovery.not_seen]
    strange = (*met[Verdict.UNKNOWN], *met[Verdict.OTHER_ADDRESS])
    return (*strange, *missing, *names, *unanswered, *mute, *met[Verdict.RIGHT])


def _met_row(met: ObservedNeighbour) -> Row:
    neighbour = met.neighbour
    name = met.name or neighbour.system or neighbour.chassis or "(nameless)"
    addresses = ", ".join(neighbour.addresses) or "no address"
    if met.verdict is Verdict.OTHER_ADDRESS:
        detail = f"says {addresses}; the inventory has {', '.join(met.expected_addresses)}"
    elif met.verdict is Verdict.UNKNOWN:
        detail = f"{addresses}; {neighbour.description or 'no description'}"
    else:
        detail = neighbour.far_port_description or neighbour.far_port
    return met.device, met.port, _WORDS[met.verdict], name, detail


def _missing_row(missing: MissingNeighbour) -> Row:
    if not missing.port_exists:
        return (
            missing.device,
            missing.port,
            "no such port",
            missing.neighbour,
            "correct the port's name",
        )
    where = f"on {', '.join(missing.elsewhere)}" if missing.elsewhere else "nowhere on this device"
    instead = f"; here: {', '.join(missing.instead)}" if missing.instead else ""
    return (
        missing.device,
        missing.port,
        "neighbour not seen",
        missing.neighbour,
        f"seen {where}{instead}",
    )
