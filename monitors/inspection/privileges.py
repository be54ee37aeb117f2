"""Who may log in to a host, who becomes root there, and by what."""

from collections.abc import Iterator

from monitors.inspection.model import Account, Inspection

ROOT_IN_EFFECT = {
    "docker": "may start a container that holds the whole disk",
    "lxd": "may start a container that holds the whole disk",
    "libvirt": "may attach the whole disk to a machine",
    "disk": "may write to the disk as such",
    "shadow": "may read the hashes of passwords",
}
"""Groups whose members need no sudo to become root."""
PASSWORDS = {"set": "with a password", "empty": "without a password"}


def logins(inspection: Inspection) -> tuple[Account, ...]:
    """Return the accounts that somebody can log in to with a password or a key."""
    return tuple(account for account in inspection.accounts if account.may_log_in)


def ways_to_root(inspection: Inspection, account: Account) -> tuple[str, ...]:
    """Return by what an account becomes root, in words; nothing when it does not."""
    return tuple(_ways(inspection, account))


def _ways(inspection: Inspection, account: Account) -> Iterator[str]:
    if account.uid == 0:
        yield "its number is 0"
    names = {account.name, "ALL", *(f"%{group}" for group in account.groups)}
    for rule in inspection.sudo:
        if rule.is_root and rule.who in names:
            asks = "asks for its password" if rule.asks_password else "asks for no password"
            yield f"sudo for {rule.who} in {rule.file}, {asks}"
    for group in account.groups:
        if group in ROOT_IN_EFFECT:
            yield f"group {group}: {ROOT_IN_EFFECT[group]}"


def describe_login(inspection: Inspection, account: Account) -> str:
    """Return an account in one line: how it logs in, its groups, how it becomes root."""
    ways = []
    if account.password in PASSWORDS:
        ways.append(PASSWORDS[account.password])
    ways += (f"key {k.fingerprint}{f' ({k.comment})' if k.comment else ''}" for k in account.keys)
    root = "; ".join(ways_to_root(inspection, account)) or "does not become root"
    return f"{account.name}: {', '.join(ways) or 'no way in'}; {root}"
