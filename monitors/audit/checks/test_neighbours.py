"""The other hosts of a site as this one sees them."""
# ruff: noqa: S101

import pytest

from inventory.enums import Protocol
from inventory.neighbours import Neighbour
from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.facts.neighbours import LOOK, SeenNeighbour, seen_neighbours
from monitors.audit.model.declared import Declared


def test_out_11_neighbours(host: Host, declared: Declared) -> None:
    """Neighbours answer this host on the ports that are declared for it, and on no others."""
    if not declared.neighbours:
        host.run(LOOK)  # so that the list of commands has it
        pytest.skip("no other host of its site is looked at from here")
    seen = seen_neighbours(host)
    wrong = [
        problem
        for neighbour in declared.neighbours
        for each in seen
        if each.host == neighbour.host
        for problem in _undeclared(each, neighbour)
    ]
    assert not wrong, f"seen from this host: {'; '.join(wrong)}"
    there = {each.host for each in seen if each.present}
    if unseen := [each.host for each in declared.neighbours if each.host not in there]:
        raise UndeterminedError(f"no address answered this host of {', '.join(unseen)}")


def _undeclared(seen: SeenNeighbour, neighbour: Neighbour) -> list[str]:
    where = f"{seen.host} answers {seen.source} at {seen.address}"
    answering = [(Protocol.TCP, port) for port in seen.open]
    answering += [(Protocol.UDP, port) for port in seen.udp]
    problems = []
    for protocol, port in answering:
        named = f"{where} {'UDP ' if protocol is Protocol.UDP else ''}port {port}"
        known = [p for p in neighbour.ports if (p.protocol, p.port) == (protocol, port)]
        if not known:
            problems.append(f"{named}: not declared")
        elif not any(seen.source and each.is_for(seen.source) for each in known):
            problems.append(
                f"{named} ({known[0].name}): declared for {', '.join(known[0].sources)}"
            )
    return problems
