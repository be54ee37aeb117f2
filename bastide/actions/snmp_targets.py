"""Which device `bastide snmp` polls: one of the inventory, or any address with its access."""

import re
from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches

from pydantic import ValidationError

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from bastide.support.snmp_options import AccessOptions
from inventory.model.snmp_access import SnmpAccess
from monitors.snmp.targets import PORT, SnmpTarget, targets, unlisted_target

HIGHEST_PORT = 65535


def find(context: EstateContext, wanted: str, options: AccessOptions) -> SnmpTarget:
    """Return the target of that name or address, with what the command line changes.

    Raises CommandError: neither, or an access that does not hold together.
    """
    by_name = targets(context.estate)
    target = by_name.get(wanted) or _by_address(wanted, context.estate.snmp)
    if target is None:
        near = get_close_matches(wanted, by_name)
        names = f"did you mean {', '.join(near)}?" if near else f"there are: {_listed(by_name)}"
        raise CommandError(
            f"{wanted}: no device of this estate and no address; {names}", Exit.WRONG_USE
        )
    return replace(target, access=_access(target, options), port=options.port or target.port)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _access(target: SnmpTarget, options: AccessOptions) -> SnmpAccess:
    """Return the target's access, with those keys replaced that were given."""
    if not options.access:
        return target.access
    version = target.access.version.value
    # Another version has other keys.
    is_same = options.access.get("version", version) == version
    base = target.access.model_dump(exclude_unset=True) if is_same else {}
    try:
        return SnmpAccess.model_validate(base | options.access)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        key = ".".join(map(str, first["loc"])) or "access"
        raise CommandError(f"{key}: {first['msg']}", Exit.WRONG_USE) from None


def _by_address(wanted: str, access: SnmpAccess) -> SnmpTarget | None:
    """Return an address, with `:PORT` behind it or not; None for anything else."""
    has_port = wanted.count(":") == 1
    address, _, port = wanted.rpartition(":") if has_port else (wanted, "", str(PORT))
    target = unlisted_target(address.strip("[]"), access)
    if target is None:
        return None
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 1 <= int(port) <= HIGHEST_PORT:
        raise CommandError(
            f"{wanted}: {port!r} is no UDP port; expected 1 to {HIGHEST_PORT}", Exit.WRONG_USE
        )
    return replace(target, port=int(port))
