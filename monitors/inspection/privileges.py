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
FIRST_PERSON = 1000
"""The lowest number of accounts that are people's (login.defs(5)); root's is 0."""


def logins(inspection: Inspection) -> tuple[Account, ...]:
    """Return the accounts that somebody can log in to, by whatever way."""
    return tuple(account for account in inspection.accounts if ways_in(inspection, account))


def ways_in(inspection: Inspection, account: Account) -> tuple[str, ...]:
    """Return by what somebody logs in to an account, in words; nothing when nobody does."""
    return tuple(_ways_in(inspection, account))


def _ways_in(inspection: Inspection, account: Account) -> Iterator[str]:
    server = inspection.ssh
    if account.password in PASSWORDS and (
        account.has_shell or (server.own_sftp and server.takes_passwords)
    ):
        yield PASSWORDS[account.password]
    for key in account.keys:
        yield f"key {key.fingerprint}{f' ({key.comment})' if key.comment else ''}"
    if account.has_shell and (account.uid == 0 or account.uid >= FIRST_PERSON):
        yield from (f"whoever {source} vouches for" for source in server.key_sources)


def ways_to_root(inspection: Inspection, account: Account) -> tuple[str, ...]:
    """Return by what an account becomes root, in words; nothing when it does not."""
    return tuple(_ways(inspection, account))


def _ways(inspection: Inspection, account: Account) -> Iterator[str]:
    if account.uid == 0:
        yield "its number is 0"
    names = {account.name, f"#{account.uid}", "ALL", *(f"%{g}" for g in account.groups)}
    for rule in inspection.sudo:
        if rule.is_root and rule.who in names:
            asks = "asks for its password" if rule.asks_password else "asks for no password"
            what = "" if rule.commands == "ALL" else f" to {rule.commands}"
            yield f"sudo for {rule.who}{what} in {rule.file}, {asks}"
    for group in account.groups:
        if group in ROOT_IN_EFFECT:
            yield f"group {group}: {ROOT_IN_EFFECT[group]}"


def describe_login(inspection: Inspection, account: Account) -> str:
    """Return an account in one line: how it logs in, its groups, how it becomes root."""
    ways = [*ways_in(inspection, account)]
    if ways and not account.has_shell:
        ways.append("no shell: for SFTP and tunnels")
    root = "; ".join(ways_to_root(inspection, account)) or "does not become root"
    return f"{account.name}: {', '.join(ways) or 'no way in'}; {root}"
