"""`bastide backup escrow`: the way in to all copies when the team's machines are lost."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from bastide.actions import ansible, escrow
from bastide.support.errors import Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json, print_table, row
from inventory.files import write_whole
from monitors.continuity.escrow import drills

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@estate_option
@json_option
def seal(estate_name: str | None, as_json: bool) -> int:
    """Seal all repositories' passwords for the holders, put them on vaults.

    The holders are `escrow:` in estate.yml; any one of them opens it, with age and their key, and
    nothing of Bastide. Again after each new plan, holder or password: EscrowIncomplete tells.
    """
    context = estate_context(estate_name)
    anew = escrow.seal(context)
    recap = ansible.play(context, "escrow", [])
    names = [holder.name for holder in context.estate.escrow]
    if as_json:
        print_json({"sealed_anew": anew, "holders": names, "on_vaults": recap.ok})
    else:
        state = "sealed" if anew else "as it was"
        click.echo(f"{state}, for {', '.join(names)}")
    if not recap.ok:
        click.echo(f"log: {recap.log}", err=True)
    return Exit.WELL if recap.ok else Exit.FINDINGS


@click.command("open")
@click.argument("file", type=FILE)
@click.option("--key", required=True, type=FILE, help="A holder's key, as age-keygen made it.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write each password to a file HOST-PLAN there, for its owner only, and print none.",
)
@json_option
def open_sealed(file: Path, key: Path, folder: Path | None, as_json: bool) -> int:
    """Open the escrow FILE of a vault with a holder's key; prints passwords.

    It lies there as /var/lib/bastide/vault/escrow.age. No estate is needed.
    """
    found = escrow.opened(file, key)
    if folder is None:
        print_json(found) if as_json else click.echo(json.dumps(found, indent=1))
        return Exit.WELL
    for name, password in found["passwords"].items():
        write_whole(folder / name.replace("/", "-"), f"{password}\n", mode=0o600)
    if as_json:
        print_json({"folder": str(folder), "passwords": sorted(found["passwords"])})
    else:
        click.echo(f"{folder}: {len(found['passwords'])} passwords")
    return Exit.WELL


@click.command()
@estate_option
@json_option
@click.option("--key", required=True, type=FILE, help="A holder's key, as age-keygen made it.")
def drill(estate_name: str | None, as_json: bool, key: Path) -> int:
    """Open every repository with its password of the escrow (exit 1: not all).

    Of the file that lies on each vault, with a holder's key: nothing of the state folder is used.
    """
    context = estate_context(estate_name)
    started = datetime.now(UTC).replace(microsecond=0)
    recap = ansible.play(context, "escrow_drill", ["-e", f"escrow_key={key.resolve()}"])
    done = [one for one in drills(context.state) if one.at >= started]
    tried = [(one.vault, plan) for one in done for plan in one.tried]
    if as_json:
        print_json([one.model_dump(mode="json") for one in done])
    else:
        print_table(
            ("vault", "repository", "result"),
            (
                row(vault, plan.plan, "opened" if plan.ok else "NOT OPENED", bad=not plan.ok)
                for vault, plan in tried
            ),
        )
    if recap.ok and tried and all(plan.ok for _, plan in tried):
        return Exit.WELL
    click.echo(f"log: {recap.log}", err=True)
    return Exit.FINDINGS
