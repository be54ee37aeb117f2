"""`bastide snmp get`: single values of a device, by number or by name."""

import asyncio
from collections.abc import Sequence

import click

from bastide.actions.snmp_targets import find
from bastide.support.completion import complete_devices
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from bastide.support.snmp_options import AccessOptions, access_options
from inventory.secrets import SecretError
from monitors.snmp import oid
from monitors.snmp.client import Agent, Raw, SnmpError
from monitors.snmp.mib_names import UnknownNameError, numeric
from monitors.snmp.session import NetworkClient
from monitors.snmp.shown_value import shown
from monitors.snmp.targets import agent

MOST_OBJECTS = 100
# Of an object that stands alone, the instance is this (RFC 2578, 7).
ALONE = ".0"


@click.command()
@click.argument("target", shell_complete=complete_devices)
@click.argument("objects", nargs=-1, required=True, metavar="OBJECT...")
@estate_option
@access_options
@json_option
def get(
    target: str,
    objects: tuple[str, ...],
    estate_name: str | None,
    options: AccessOptions,
    as_json: bool,
) -> int:
    """Print single values of TARGET (exit 1: one of them is not there).

    An OBJECT is a number (1.3.6.1.2.1.1.5.0), or a name (sysName, ifDescr.3) where net-snmp's
    snmptranslate and the MIB are on this machine. What stands alone needs no `.0`.
    """
    if len(objects) > MOST_OBJECTS:
        raise CommandError(f"at most {MOST_OBJECTS} objects at once", Exit.WRONG_USE)
    context = estate_context(estate_name)
    found = find(context, target, options)
    try:
        numbers = numeric(objects)
        answers = asyncio.run(_asked(agent(found, context.state), numbers))
    except (SecretError, oid.OidError, UnknownNameError) as error:
        raise CommandError(str(error), Exit.WRONG_USE) from None
    except SnmpError as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    rows = [_row(*pair, answers) for pair in zip(objects, numbers, strict=True)]
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            click.echo(_line(row))
    return Exit.WELL if all(row["found"] for row in rows) else Exit.FINDINGS


async def _asked(where: Agent, numbers: Sequence[str]) -> dict[str, Raw]:
    wanted = [instance for number in numbers for instance in (number, number + ALONE)]
    async with NetworkClient().session(where) as session:
        answers = await session.get([oid.encode(instance) for instance in wanted])
    return {oid.decode(instance): raw for instance, raw in answers.items()}


def _row(name: str, number: str, answers: dict[str, Raw]) -> dict[str, object]:
    instance = number if number in answers else number + ALONE
    is_there = instance in answers
    return {
        "object": name,
        "oid": instance if is_there else number,
        "found": is_there,
        "value": shown(answers[instance]) if is_there else None,
    }


def _line(row: dict[str, object]) -> str:
    value = row["value"] if row["found"] else "not there (a table? `bastide snmp walk`)"
    return f"{row['object']} = {value}"
