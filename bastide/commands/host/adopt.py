"""`bastide host adopt`: an existing server's part of the inventory, read from it."""

import click
from pydantic import ValidationError
from rich.console import Console

from bastide.actions.adoption import Adoption, Newcomer, write
from bastide.actions.adoption import adopt as adopted
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from inventory.model.ssh import Ssh


@click.command()
@click.argument("address")
@click.option("--municipality", required=True, metavar="ID", help="Whose it is, or central.")
@click.option("--user", help="Who logs in.  [default: the estate's, else root]")
@click.option("--port", type=click.IntRange(1, 65535), help="SSH's port.  [default: 22]")
@click.option(
    "--sudo",
    type=click.Choice(["none", "passwordless", "password"]),
    help="How the user becomes root.",
)
@click.option("--sudo-password", metavar="REF", help="The password: env:NAME, file:/PATH, vault:…")
@click.option("--jump", metavar="HOST|USER@ADDRESS", help="What is logged in to first.")
@click.option(
    "--jump-host-key", metavar="KEY", help="Its host key, or SHA256:…, if in no inventory."
)
@click.option("--key", metavar="FILE|agent", help="The private key to log in with.")
@click.option("--host-key", metavar="KEY", help="The host key, or SHA256:…, that was compared.")
@click.option("--site", metavar="ID", help="The site that it stands in.  [default: by its address]")
@click.option("--id", "own_id", metavar="ID", help="Its id.  [default: from its host name]")
@click.option("--write", "to_file", is_flag=True, help="Add it to the municipality's file.")
@estate_option
@json_option
def adopt(
    address: str,
    municipality: str,
    host_key: str | None,
    jump_host_key: str | None,
    site: str | None,
    own_id: str | None,
    to_file: bool,
    estate_name: str | None,
    as_json: bool,
    **way_in: str | int | None,
) -> int:
    """Read the server at ADDRESS, print its part of the inventory.

    Its host key is shown for comparison first. It is logged in to once, and only read. What is
    printed can be pasted; --write adds it to the municipality's file and leaves all else there.
    """
    context = estate_context(estate_name)
    newcomer = Newcomer(address, municipality, _ssh(way_in), host_key, jump_host_key, site, own_id)
    with Console(stderr=True).status(f"reading {address}"):
        adoption = adopted(context, newcomer)
    if as_json:
        print_json(adoption.inspection.model_dump(mode="json"))
    elif not to_file:
        _show(adoption)
    if to_file:
        write(context, adoption)
        click.echo(f"wrote {adoption.suggestion.own_id} into {adoption.file}", err=as_json)
        click.echo(
            "next: read what was guessed there, then\n  bastide inventory check", err=as_json
        )
    return Exit.WELL


def _ssh(said: dict[str, str | int | None]) -> Ssh:
    try:
        return Ssh.model_validate({key: value for key, value in said.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        option = f"--{str(first['loc'][0]).replace('_', '-')}"
        raise CommandError(f"{option}: {first['msg']}", Exit.WRONG_USE) from None


def _show(adoption: Adoption) -> None:
    click.echo(f"# {adoption.file}, below `hosts:`")
    for line in adoption.suggestion.host:
        click.echo(f"  {line}")
    if adoption.suggestion.services:
        click.echo("# below `services:`")
    for line in adoption.suggestion.services:
        click.echo(f"  {line}")
