"""Escrow: repositories' passwords, sealed with age for holders outside the team.

age (https://age-encryption.org, Debian's package) does all of it, so that a holder needs nothing of
ours: `age --decrypt --identity KEY escrow.age`.
"""

import hashlib
import json
import secrets
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from inventory.backup_plans import backup_plans, second_target
from inventory.entries import hosts
from inventory.files import write_whole
from inventory.secrets import resolve
from monitors.continuity.escrow import folder

AGE = "age"
EXPLANATION = (
    "Passwords of restic repositories. Each lies on its target as /srv/backups/HOST/PLAN: as root "
    "there, restic --repo /srv/backups/HOST/PLAN --no-lock snapshots"
)
IN_BUCKETS = (
    "Each lies there as HOST/PLAN, of which AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the "
    "environment read: restic --repo s3:ENDPOINT/BUCKET/HOST/PLAN --no-lock snapshots"
)


def document(context: EstateContext) -> dict[str, Any]:
    """Return what is sealed; SecretError names a password that cannot be had here."""
    passwords, targets = {}, {}
    addresses = {entry.name: str(entry.host.address) for entry in hosts(context.estate)}
    addresses |= {one.id: f"{one.endpoint}/{one.bucket}" for one in context.estate.buckets}
    for entry in hosts(context.estate):
        for plan in backup_plans(entry):
            name = f"{entry.name}/{plan.id}"
            passwords[name] = resolve(plan.password, context.state)
            second = second_target(entry, plan)
            holding = [plan.target, *([second] if second else [])]
            targets[name] = ", ".join(f"{target} {addresses[target]}" for target in holding)
    return {
        "about": EXPLANATION,
        "estate": context.estate.estate,
        "passwords": passwords,
        "targets": targets,
        **_buckets(context),
    }


def _buckets(context: EstateContext) -> dict[str, Any]:
    """Return who reads the buckets, without whom a copy there is only known of."""
    readers = {
        one.id: {
            "endpoint": one.endpoint,
            "bucket": one.bucket,
            "access_key": one.reader.access_key,
            "secret_key": resolve(one.reader.secret_key, context.state),
        }
        for one in context.estate.buckets
    }
    return {"about_buckets": IN_BUCKETS, "buckets": readers} if readers else {}


def seal(context: EstateContext) -> bool:
    """Seal the passwords of today for the holders of today; False when that was done already.

    Raises CommandError when the estate has no holders or age is not there, SecretError when a
    password is not.
    """
    keys = [holder.key for holder in context.estate.escrow]
    if not keys:
        raise CommandError(
            "the estate has no holders of an escrow\n    expected: escrow: in estate.yml, a name "
            "and a key each\n    do: have each make a key on a machine of their own (age-keygen), "
            "and write the line `Public key: age1…`",
            Exit.WRONG_USE,
        )
    text = json.dumps(document(context), indent=1)
    sealed, about = folder(context.state) / "passwords.age", folder(context.state) / "sealed.json"
    content = "\0".join((text, *keys)).encode()
    if sealed.exists() and _is_of(about, content):
        return False
    recipients = [part for key in keys for part in ("--recipient", key)]
    write_whole(sealed, _age(["--encrypt", "--armor", *recipients], text.encode()))
    plans = sorted(json.loads(text)["passwords"])
    at = datetime.now(UTC).isoformat(timespec="seconds")
    salt = secrets.token_bytes(16)
    known_by = {"salt": salt.hex(), "scrypt": _slow_hash(content, salt)}
    write_whole(about, json.dumps({"at": at, "plans": plans, "keys": keys, **known_by}))
    return True


def opened(sealed: Path, key: Path) -> dict[str, Any]:
    """Return what a holder's key opens; CommandError says why it does not."""
    found = _age(["--decrypt", "--identity", str(key)], sealed.read_bytes())
    try:
        read = json.loads(found)
        return {"passwords": dict(read["passwords"]), "targets": dict(read["targets"])}
    except (ValueError, KeyError, TypeError):
        raise CommandError(
            f"{sealed}: opens, but is no escrow of Bastide's", Exit.WRONG_USE
        ) from None


def _is_of(about: Path, content: bytes) -> bool:
    """Whether what was sealed last is this."""
    try:
        read = json.loads(about.read_bytes())
        return bool(read["scrypt"] == _slow_hash(content, bytes.fromhex(read["salt"])))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _slow_hash(content: bytes, salt: bytes) -> str:
    """Return what passwords are known again by and cannot be guessed from (RFC 7914).

    It lies on the operations host as well, where a quick hash would let a weak password be tried
    by the million.
    """
    return hashlib.scrypt(content, salt=salt, n=2**14, r=8, p=1).hex()


def _age(arguments: Sequence[str], content: bytes) -> bytes:
    try:
        done = subprocess.run([AGE, *arguments], input=content, capture_output=True, check=False)
    except FileNotFoundError:
        raise CommandError(
            "age is not installed here\n    do: apt-get install age", Exit.COULD_NOT_CHECK
        ) from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise CommandError(f"age: {said[0] if said else 'failed'}", Exit.COULD_NOT_CHECK)
    return done.stdout
