"""`bastide audit key`: the fingerprint that an auditor is given beforehand."""

import click

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from monitors.audit.evidence.chain import FOLDER
from monitors.audit.evidence.sealer import sealer
from monitors.audit.evidence.signing import SigningError, fingerprint


@click.command()
@estate_option
@json_option
def key(estate_name: str | None, as_json: bool) -> int:
    """Show the fingerprint of this machine's signing key.

    Give it to the auditor beforehand.
    """
    context = estate_context(estate_name)
    try:
        public = sealer(context.state / FOLDER).public
    except (SigningError, OSError) as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    if as_json:
        print_json({"fingerprint": fingerprint(public), "public_key": public})
    else:
        click.echo(fingerprint(public))
    return Exit.WELL
