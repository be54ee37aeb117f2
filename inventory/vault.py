"""The adapter to ansible-vault: values out of encrypted YAML files, by Ansible's own library.

The password is found as Ansible finds it: ANSIBLE_VAULT_PASSWORD_FILE names a file with it, or
a program that prints it. No error repeats anything of what was decrypted.
"""

import importlib
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

PASSWORD_FILE = "ANSIBLE_VAULT_PASSWORD_FILE"  # noqa: S105 - the name of a variable
LARGEST_OCTETS = 1_000_000


class VaultError(Exception):
    """A value cannot be taken out of a vault; the text says why and what to do."""


def read_value(file: Path, key: str) -> str:
    """Return the text of a top-level key of an encrypted YAML file.

    Raises VaultError: Ansible or the password is missing, the file cannot be read or is not
    encrypted, the password is another one, there is no such key, or its value is no text.
    """
    try:
        status = file.stat()
    except OSError as error:
        raise VaultError(f"cannot read {file}: {error.strerror}") from None
    if status.st_size > LARGEST_OCTETS:
        raise VaultError(f"{file}: larger than {LARGEST_OCTETS} octets, so no vault of ours")
    password = os.environ.get(PASSWORD_FILE)
    if not password:
        raise VaultError(
            f"{PASSWORD_FILE} is not set; set it to the file that has the vault's password"
        )
    values = _values(file, status.st_mtime_ns, status.st_size, password)
    if key not in values:
        raise VaultError(f"{file}: has no key {key!r}; `ansible-vault edit` adds it")
    value = values[key]
    if not isinstance(value, str) or not value:
        raise VaultError(f"{file}: {key}: expected one text, as in `{key}: ...`")
    return value


@lru_cache(maxsize=8)
def _values(file: Path, changed: int, size: int, password: str) -> dict[str, Any]:
    """Decrypt once for as long as the file stays as it is."""
    try:
        # Every scalar is text, so that a secret of digits keeps its zeros.
        data = yaml.load(_decrypted(file, password), Loader=yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, RecursionError, ValueError):
        # PyYAML's own text would quote what was decrypted.
        raise VaultError(f"{file}: decrypted, but what is in it is not YAML") from None
    if not isinstance(data, dict):
        raise VaultError(f"{file}: decrypted, but it holds no keys with values")
    return data


def _decrypted(file: Path, password: str) -> bytes:
    try:
        # Asked for when it is needed: Ansible is heavy, and is not on the operations host.
        vault = importlib.import_module("ansible.parsing.vault")
        loading = importlib.import_module("ansible.parsing.dataloader")
        errors = importlib.import_module("ansible.errors")
    except ImportError:
        raise VaultError(
            "Ansible is not installed here, which decrypts it; install bastide[provision]"
        ) from None
    content = _content(file)
    if not vault.is_encrypted(content):
        raise VaultError(f"{file}: is not encrypted; run `ansible-vault encrypt {file}`")
    try:
        secret = vault.get_file_vault_secret(filename=password, loader=loading.DataLoader())
        secret.load()
    except (errors.AnsibleError, OSError) as error:
        raise VaultError(f"{PASSWORD_FILE}: no password there: {_first_line(error)}") from None
    try:
        return bytes(vault.VaultLib([("default", secret)]).decrypt(content))
    except errors.AnsibleError:
        raise VaultError(
            f"{file}: cannot be decrypted: the password in {password} is another one, "
            "or the file is damaged"
        ) from None


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise VaultError(f"cannot read {file}: {error.strerror}") from None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
