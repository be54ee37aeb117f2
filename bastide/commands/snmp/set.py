"""`bastide snmp set`: change one object of a device, if the inventory permits it."""

import asyncio

import click

from bastide.support.completion import complete_devices
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from inventory.secrets import SecretError
from monitors.snmp.set_request import TYPES, Change, Changed, SettingError, set_object
from monitors.snmp.targets import targets


@click.command("set")
@click.argument("device", shell_complete=complete_devices)
@click.argument("oid")
@click.argument("kind", metavar="TYPE", type=click.Choice(sorted(TYPES)))
@click.argument("value")
@estate_option
@click.option("--change-it", is_flag=True, help="Required: without it nothing is sent.")
@click.option("--hide", is_flag=True, help="The value is a secret: never show or log it.")
@json_option
def set_(
    device: str,
    oid: str,
    kind: str,
    value: str,
    estate_name: str | None,
    change_it: bool,
    hide: bool,
    as_json: bool,
) -> int:
    """Set OID of DEVICE to VALUE, read it back (exit 1: not taken).

    TYPE is a letter, as net-snmp's snmpset has them. The device needs `allow_set: true` in the
    inventory, and the command --change-it.
    """
    context = estate_context(estate_name)
    target = targets(context.estate).get(device)
    if target is None:
        raise CommandError(f"{device}: no device of this estate", Exit.WRONG_USE)
    change = Change(oid, kind, value, hide)
    try:
        done = asyncio.run(set_object(target, change, context.state, insist=change_it))
    except (SettingError, SecretError) as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    _show(done, as_json=as_json)
    return Exit.WELL if done.taken else Exit.FINDINGS


def _show(done: Changed, *, as_json: bool) -> None:
    if as_json:
        print_json({name: getattr(done, name) for name in Changed.__slots__})
        return
    verdict = "taken" if done.taken else "NOT taken: the device holds another value"
    click.echo(f"{done.device} {done.oid}: {done.before} -> {done.after} ({verdict})")
