"""`bastide host scan`: what answers in a network of the estate."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import click

from bastide.actions.scan_suggestions import Kind
from bastide.actions.scan_through import jump_of
from bastide.actions.scanning import (
    MOST_ADDRESSES,
    PROBES_A_SECOND,
    PROBES_AT_ONCE,
    Answering,
    Scan,
    place_of,
)
from bastide.actions.scanning import scan as scanned
from bastide.support.completion import complete_networks
from bastide.support.errors import Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json, print_table, row
from bastide.support.progress import Progress
from monitors.scan.ports import PORTS, SSH
from monitors.scan.tcp import PortReply
from monitors.snmp.discover.agents import AnsweringAgent
from monitors.ssh.host_keys import fingerprint

HEADINGS = ("address", "name", "answers", "SSH host key", "what it is")
HELP = f"""List what answers in NETWORK, and how to take it in (exit 1).

NETWORK is one of the estate's networks, a part of one, or one address; others are refused, and so
are more than {MOST_ADDRESSES} addresses. At most {PROBES_A_SECOND} probes begin in a second, and at
most {PROBES_AT_ONCE} are under way: a /24 takes about half a minute.

TCP ports {", ".join(str(port) for port in sorted(PORTS))} and those that the inventory has SSH at
are connected to, SSH is asked for its host key, and nobody logs in. SNMP is asked without a
secret; an agent that answers is read with the inventory's access. Exit 1: something answers that
is not in the inventory, or not as it says there. 3: nothing answers.

Where the network's hosts are logged in to through a jump host (`ssh: jump`), the ports are tried
through it. SNMP is not possible that way.
"""


@click.command(help=HELP)
@click.argument("network", shell_complete=complete_networks)
@click.option(
    "--send-community",
    is_flag=True,
    help="Where the access is SNMPv1 or v2c: send the community, in clear, to every address.",
)
@click.option("--direct", is_flag=True, help="From this machine, even where logins are not.")
@estate_option
@json_option
def scan(
    network: str, send_community: bool, direct: bool, estate_name: str | None, as_json: bool
) -> int:
    """Scan a network, print what answers."""
    context = estate_context(estate_name)
    wanted, place = place_of(context.estate, network)
    jump = None if direct else jump_of(context, wanted, place.tenant, place.site)
    if jump and send_community:
        raise click.UsageError("--send-community: no SNMP goes through a jump host; add --direct")
    through = f", through {jump.place}" if jump else ""
    progress = Progress()
    with progress.stage(f"scan {wanted}, {place.tenant.id} {place.site.id}{through}"):
        result = scanned(
            context,
            wanted,
            place,
            jump=jump,
            send_community=send_community,
            on_probe=lambda done, total: progress.now(f"{done} of {total} probes"),
        )
    if as_json:
        print_json(_as_json(result))
    else:
        _show(result)
    return _exit(result)


def _exit(result: Scan) -> Exit:
    if result.through:
        click.echo(
            f"not asked: SNMP, which cannot go through {result.through}; not told: what refuses, "
            "which looks like what is silent from there",
            err=True,
        )
    if not result.answering:
        click.echo(f"nothing answers in {result.network}; {_why_nothing(result)}", err=True)
        return Exit.COULD_NOT_CHECK
    strange = any(not found.name or found.problem for found in result.answering)
    return Exit.FINDINGS if strange else Exit.WELL


def _why_nothing(result: Scan) -> str:
    if result.through:
        return f"is the way there open from {result.through}?"
    if result.no_route:
        return "this machine has no way there: look at `ip route get` for one of its addresses"
    return "is the way there open from this machine?"


def _show(result: Scan) -> None:
    if result.answering:
        print_table(HEADINGS, map(_row, result.answering))
    if result.refusing:
        click.echo(f"refuse every port that was tried: {', '.join(result.refusing)}")
    for line in _to_do(result.answering):
        click.echo(line)


def _row(found: Answering) -> Any:
    return row(
        found.address,
        found.name or "(not in the inventory)",
        ", ".join([*map(_port, found.open), *(["snmp"] if found.agent else [])]),
        "\n".join(_key(reply) for reply in found.open if reply.ssh),
        "\n".join(_words(found)),
        bad=bool(found.problem),
    )


def _port(reply: PortReply) -> str:
    name = SSH if reply.ssh else PORTS.get(reply.port, "")
    return f"{reply.port} {name}".strip()


def _key(reply: PortReply) -> str:
    assert reply.ssh  # noqa: S101 - only such are shown
    if reply.ssh.host_key is None:
        return f"none: {reply.ssh.problem}"
    return f"{reply.ssh.host_key.split()[0]} {fingerprint(reply.ssh.host_key)}"


def _words(found: Answering) -> Iterator[str]:
    """Yield what it says of itself, and what is wrong with it."""
    if found.problem:
        yield found.problem
    yield from dict.fromkeys(r.ssh.version for r in found.open if r.ssh and r.ssh.version)
    if found.agent:
        observed = found.agent.observed
        words = (observed.system, observed.description) if observed else (found.agent.problem,)
        yield from filter(None, words)
    if not found.name and not found.problem and found.suggestion is None:
        yield "neither SSH nor SNMP tells what it is"


def _to_do(answering: Sequence[Answering]) -> Iterator[str]:
    """Yield the suggestions, what belongs together under one heading; each line whole."""
    wanted = sorted(
        (found.suggestion for found in answering if found.suggestion),
        key=lambda suggestion: (list(Kind).index(suggestion.kind), suggestion.where),
    )
    for (kind, where), group in groupby(wanted, key=lambda each: (each.kind, each.where)):
        yield ""
        yield f"# {where}" if where else "# compare its host key first, on its own console"
        if kind is Kind.ADOPT:
            yield "# --user, --key and more: bastide host adopt --help"
        for suggestion in group:
            yield from suggestion.lines


def _as_json(result: Scan) -> dict[str, Any]:
    return {
        "network": result.network,
        "through": result.through or None,
        "answering": [_found_as_json(found) for found in result.answering],
        "refusing": list(result.refusing),
    }


def _found_as_json(found: Answering) -> dict[str, Any]:
    suggestion = found.suggestion
    return {
        "address": found.address,
        "name": found.name,
        "ports": [reply.port for reply in found.open],
        "ssh": [_ssh_as_json(reply) for reply in found.open if reply.ssh],
        "snmp": _agent_as_json(found.agent) if found.agent else None,
        "problem": found.problem,
        "suggestion": suggestion
        and {
            "kind": suggestion.kind.value,
            "where": suggestion.where,
            "text": "\n".join(suggestion.lines),
        },
    }


def _ssh_as_json(reply: PortReply) -> dict[str, Any]:
    assert reply.ssh  # noqa: S101 - only such are given
    key = reply.ssh.host_key
    return {
        "port": reply.port,
        "version": reply.ssh.version,
        "host_key": key,
        "fingerprint": fingerprint(key) if key else None,
        "problem": reply.ssh.problem,
    }


def _agent_as_json(agent: AnsweringAgent) -> dict[str, Any]:
    observed = agent.observed
    return {
        "system": observed.system if observed else "",
        "description": observed.description if observed else "",
        "problem": agent.problem,
    }
