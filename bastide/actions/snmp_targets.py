"""Which device `bastide snmp` asks: a device of the inventory, or any address with its access."""

from ipaddress import ip_address

from pydantic import ValidationError

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from bastide.support.snmp_options import AccessOptions
from inventory.model import SnmpAccess
from monitors.snmp.targets import PORT, Target, targets


def find(context: EstateContext, wanted: str, given: AccessOptions) -> Target:
    """Return the target of that name or address, with what the command line changes.

    Raises CommandError: neither, or an access that does not hold together.
    """
    known = targets(context.estate)
    target = known.get(wanted) or _stranger(wanted, context.estate.snmp)
    if target is None:
        raise CommandError(
            f"{wanted}: no device of this estate and no address; there are: "
            f"{', '.join(sorted(known))}",
            Exit.WRONG_USE,
        )
    access = target.access
    if given.access:
        base = access.model_dump(exclude_unset=True) if not _another(access, given) else {}
        try:
            access = SnmpAccess.model_validate(base | given.access)
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            place = ".".join(map(str, first["loc"])) or "access"
            raise CommandError(f"{place}: {first['msg']}", Exit.WRONG_USE) from None
    return Target(
        target.name,
        target.kind,
        target.municipality,
        target.site,
        target.address,
        access,
        given.port or target.port,
        target.device,
        target.intent,
    )


def _another(access: SnmpAccess, given: AccessOptions) -> bool:
    """Whether the command line asks with another version, whose keys are others."""
    return given.access.get("version", access.version.value) != access.version.value


def _stranger(wanted: str, access: SnmpAccess) -> Target | None:
    """An address, with `:PORT` behind it or not."""
    address, _, port = wanted.rpartition(":") if wanted.count(":") == 1 else (wanted, "", "")
    try:
        plain = str(ip_address(address.strip("[]")))
        return Target(plain, "", "", "", plain, access, int(port) if port else PORT)
    except ValueError:
        return None
