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
    lost = [_lost_row(each) for each in discovery.not_seen]
    strange = (*met[Verdict.UNKNOWN], *met[Verdict.OTHER_ADDRESS])
    return (*strange, *lost, *names, *unanswered, *mute, *met[Verdict.RIGHT])


def _met_row(met: ObservedNeighbour) -> Row:
    neighbour = met.neighbour
    name = met.name or neighbour.system or neighbour.chassis or "(nameless)"
    told = ", ".join(neighbour.addresses) or "no address"
    if met.verdict is Verdict.OTHER_ADDRESS:
        detail = f"says {told}; the inventory has {', '.join(met.expected_addresses)}"
    elif met.verdict is Verdict.UNKNOWN:
        detail = f"{told}; {neighbour.description or 'no description'}"
    else:
        detail = neighbour.far_port_description or neighbour.far_port
    return met.device, met.port, _WORDS[met.verdict], name, detail


def _lost_row(lost: MissingNeighbour) -> Row:
    if not lost.port_exists:
        return lost.device, lost.port, "no such port", lost.neighbour, "correct the port's name"
    seen = f"on {', '.join(lost.elsewhere)}" if lost.elsewhere else "nowhere on this device"
    instead = f"; here: {', '.join(lost.instead)}" if lost.instead else ""
    return lost.device, lost.port, "neighbour not seen", lost.neighbour, f"seen {seen}{instead}"
