"""The programs that roles install on hosts, imported from where the roles keep them."""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

ROLES = Path(__file__).resolve().parents[2] / "playbooks" / "roles"
FOLDERS = (
    "backup_client/files/backup",
    "backup_target/files/vault",
    "scratch/files/drill",
    "commit_confirmed/files/commit_confirmed",
    "accounts/files/tree/usr/local/libexec/bastide",
    "file_walk/files",
    "integrity/files/integrity",
    "updates/files",
    "log_receiver/files",
    "isolation/files",
)


def program(name: str) -> ModuleType:
    """Import one of the programs by its module name, as its neighbours on the host would."""
    # Bytecode written beside them would be copied to hosts.
    sys.dont_write_bytecode = True
    for folder in FOLDERS:
        if str(ROLES / folder) not in sys.path:
            sys.path.insert(0, str(ROLES / folder))
    return import_module(name)
