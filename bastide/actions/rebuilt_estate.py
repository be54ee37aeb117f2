"""An estate beside another, with other addresses: one municipality of it, to be rebuilt."""

import re
import shutil
import socket
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import yaml

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from inventory.backup_plans import backup_plans
from inventory.entries import InventoryHost
from inventory.enums import ProviderName
from inventory.files import make_folder, write_whole
from inventory.load import load_estate
from inventory.secrets import secret_path

ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
# Nobody is called for what happens in a drill, nothing is put where the original's copies are, and
# no municipality is named that is not there.
LEFT_OUT = frozenset({"notify", "buckets", "escrow", "canary", "second_target"})
WRITTEN = ("estate.yml", "central.yml")
DISCARD = 9  # RFC 863: nothing is sent to it
TEN = IPv4Network("10.0.0.0/8")


def rebuilt_estate(context: EstateContext, entry: InventoryHost, home: Path) -> EstateContext:
    """Write the estate of a host's municipality and central below `home`, and return it.

    Its state has the passwords of the host's own plans, and nothing else of the original's.
    CommandError where machines cannot be made beside those that there are.
    """
    name = f"{context.estate.estate}drill"
    folder, state = home / "estate", home / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(context.folder, folder)
    for file in (folder / "municipalities").glob("*.yml"):
        if file.stem != entry.tenant.id:
            file.unlink()
    old = _range(context)
    new = _unused(old)
    for file in (*map(folder.joinpath, WRITTEN), *folder.glob("municipalities/*.yml")):
        values = _without(yaml.safe_load(_moved(file.read_text("utf-8"), old, new)))
        if file.name == "estate.yml":
            values |= {"estate": name}
        file.write_text(yaml.safe_dump(values, allow_unicode=True, sort_keys=False), "utf-8")
    make_folder(state)
    for plan in backup_plans(entry):
        kept = secret_path(plan.password, context.state)
        if kept and plan.password.startswith("generated:"):
            write_whole(state / "secrets" / kept.name, kept.read_text("utf-8"), mode=0o600)
    return EstateContext(folder, load_estate(folder), state)


def _without(values: Any) -> Any:
    """Return a file's values without what would reach anybody or anything of the original."""
    if isinstance(values, dict):
        return {key: _without(value) for key, value in values.items() if key not in LEFT_OUT}
    return [_without(value) for value in values] if isinstance(values, list) else values


def _range(context: EstateContext) -> IPv4Network:
    estate = context.estate
    if estate.provider is not ProviderName.LAB or estate.lab is None:
        raise CommandError(
            "depth L6 makes the machines anew beside those that there are, which only the provider "
            f"lab can; {estate.estate} has {estate.provider}. Depth L5 restores any plan",
            Exit.WRONG_USE,
        )
    return estate.lab.range


def _unused(like: IPv4Network) -> IPv4Network:
    """Return a network of the same size that this machine has no way of its own to."""
    way_out = _own_address(IPv4Address("192.0.2.1"))  # RFC 5737: nobody's
    for network in _candidates(like):
        if not network.overlaps(like) and _own_address(network[1]) == way_out:
            return network
    raise CommandError(f"no network like {like} is free on this machine", Exit.COULD_NOT_CHECK)


def _candidates(like: IPv4Network) -> Iterator[IPv4Network]:
    if like.prefixlen <= TEN.prefixlen:
        return
    # The last ones are used by the fewest.
    yield from reversed(list(TEN.subnets(new_prefix=max(like.prefixlen, 16))))


def _own_address(towards: IPv4Address) -> str | None:
    """Return the address that this machine would speak from; None where there is no way."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect((str(towards), DISCARD))
        except OSError:
            return None
        return str(asking.getsockname()[0])


def _moved(text: str, old: IPv4Network, new: IPv4Network) -> str:
    def moved(found: re.Match[str]) -> str:
        try:
            address = IPv4Address(found[0])
        except AddressValueError:
            return found[0]
        place = int(address) - int(old.network_address)
        return str(new[place]) if address in old else found[0]

    return ADDRESS.sub(moved, text)
