#!/usr/bin/python
"""An Ansible module that installs many files, folders and links in one run on the host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: install_files
short_description: Install many files in one run on the host
description:
  - What M(ansible.builtin.copy) and M(ansible.builtin.template) do, for all files of a role at
    once. They run two modules a file even where nothing changes, which is most of what an
    unchanged playbook costs.
  - All new contents are validated before the first file is replaced. A file is replaced whole,
    with its owner and mode, so that nobody reads half of it or more than they may.
  - What was there is kept in the run's record first, so that the run can be undone.
  - Contents come from the action plugin of the same name, which reads them on the controller.
options:
  files:
    description: What to install, in this order.
    type: list
    elements: dict
    required: true
    suboptions:
      src:
        description:
          - A file of the role's C(files), or a folder of it, ending in a slash, with all that is
            in it. Folders that are there already keep their owner and mode.
        type: path
      template:
        description: A template of the role's C(templates), instead of O(files[].src).
        type: path
      content:
        description: The content itself, instead of O(files[].src).
        type: str
      link:
        description: What a symbolic link at O(files[].dest) points to, instead of O(files[].src).
        type: str
      directory:
        description: Makes O(files[].dest) a folder, with mode 0755 unless another is given.
        type: bool
      dest:
        description: Where on the host; a missing parent folder is made, root's, with mode 0755.
        type: path
        required: true
      block:
        description:
          - Whether the content is a part of a file that others own, between two lines of comment.
            The rest of the file, its owner and its mode stay.
        type: bool
        default: false
      owner:
        type: str
        default: root
      group:
        type: str
        default: root
      mode:
        type: str
        default: "0644"
      validate:
        description: A command that approves of the new file, C(%s), before it is installed.
        type: str
      secret:
        description: Whether its content is in no diff; the path still is.
        type: bool
        default: false
      when:
        description: Whether to install it; what is there already is left alone otherwise.
        type: bool
        default: true
"""

EXAMPLES = r"""
- name: Install the service and its program
  install_files:
    files:
      - {src: etc/, dest: /etc/}
      - {src: program.py, dest: /usr/local/sbin/program, mode: "0755"}
      - {template: program.conf.j2, dest: /etc/program.conf, validate: program --check %s}
  notify: Restart the service
"""

RETURN = r"""
paths:
  description: The paths that were changed.
  type: list
  elements: str
  returned: always
"""

import grp
import hashlib
import os
import pwd
import shlex
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.run_records import record, states
from ansible.module_utils.run_records.block import with_block

ENTRY = {
    "path": {"type": "path", "required": True},
    "kind": {"choices": ["file", "directory", "link"], "required": True},
    "content": {"type": "str", "default": ""},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
    "mode": {"type": "str", "default": "0644"},
    "validate": {"type": "str"},
    "block": {"type": "bool", "default": False},
    "secret": {"type": "bool", "default": False},
}
PARENT_MODE = "0755"
PARAMETERS = "/etc/sysctl.d"


def current(path: Path, kind: str) -> str | None:
    """Return what is at a path, as an entry of this kind has it; None for anything else."""
    if kind == "link":
        return str(path.readlink()) if path.is_symlink() else None
    if kind == "directory":
        return "" if path.is_dir() else None
    is_file = path.is_file() and not path.is_symlink()
    return path.read_bytes().decode("utf-8", "surrogateescape") if is_file else None


def of_others(module: AnsibleModule, entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry whose block is put into the file that is there, as its owner keeps it."""
    path = Path(entry["path"])
    if not entry["block"]:
        return entry
    text = current(path, "file")
    try:
        whole = with_block(text or "", entry["content"])
    except ValueError as error:
        module.fail_json(msg=f"{path}: {error}; correct the file by hand, then run again")
    if text is None:
        return {**entry, "content": whole}
    status = path.stat()
    owner, group = owners(status)
    mode = f"{stat.S_IMODE(status.st_mode):04o}"
    return {**entry, "content": whole, "owner": owner, "group": group, "mode": mode}


def set_access(module: AnsibleModule, path: Path, entry: dict[str, Any]) -> bool:
    """Give a path the entry's owner and mode; whether something had to change."""
    wanted = {key: entry[key] for key in ("owner", "group", "mode")}
    context = module.selinux_default_context(str(path))
    return bool(
        module.set_fs_attributes_if_different(
            {"path": str(path), "secontext": context, "attributes": None, **wanted}, changed=False
        )
    )


def prepare(module: AnsibleModule, entry: dict[str, Any]) -> Path:
    """Write an entry's new file beside its place and have it approved; the caller removes it."""
    path = Path(entry["path"])
    make_parents(module, path)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".install-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(entry["content"].encode("utf-8", "surrogateescape"))
        set_access(module, Path(name), entry)
        if entry["validate"]:
            approve(module, path, entry["validate"].replace("%s", shlex.quote(name)))
    except BaseException:  # fail_json is SystemExit
        Path(name).unlink()
        raise
    return Path(name)


def approve(module: AnsibleModule, path: Path, command: str) -> None:
    """End the module when a command refuses what a path is to become."""
    status, out, err = module.run_command(command)
    if status:
        module.fail_json(msg=f"{path}: {command} refuses it: {(err or out).strip()}")


def make_parents(module: AnsibleModule, path: Path) -> None:
    """Make the folders above a path that are missing."""
    missing = [folder for folder in path.parents if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir()
        set_access(module, folder, {"owner": "root", "group": "root", "mode": PARENT_MODE})


def replace(module: AnsibleModule, entry: dict[str, Any], fresh: Path | None) -> None:
    """Put a new file, folder or link in its place."""
    path = Path(entry["path"])
    if fresh:
        fresh.replace(path)
    elif entry["kind"] == "directory":
        make_parents(module, path)
        path.mkdir(exist_ok=True)
    else:
        make_parents(module, path)
        beside = path.with_name(f".install-{path.name}")
        beside.unlink(missing_ok=True)
        beside.symlink_to(entry["content"])
        beside.replace(path)


def write(module: AnsibleModule, entries: list[dict[str, Any]]) -> None:
    """Prepare all new files, then put everything in its place."""
    fresh: dict[str, Path] = {}
    try:
        for entry in entries:
            if entry["kind"] == "file":
                fresh[entry["path"]] = prepare(module, entry)
        for entry in entries:
            replace(module, entry, fresh.get(entry["path"]))
    finally:
        for path in fresh.values():
            path.unlink(missing_ok=True)


def owners(status: os.stat_result) -> tuple[str, str]:
    """Return the names of an owner and a group, numbers where they have none."""
    try:
        return pwd.getpwuid(status.st_uid).pw_name, grp.getgrgid(status.st_gid).gr_name
    except KeyError:
        return str(status.st_uid), str(status.st_gid)


def access_of(path: Path) -> str:
    """Return mode, owner and group of what is at a path; nothing where nothing is."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return ""
    owner, group = owners(status)
    return f"{stat.S_IMODE(status.st_mode):04o} {owner}:{group}"


def is_to_come(entry: dict[str, Any]) -> bool:
    """Whether the owner or the group is not there yet, as happens in check mode."""
    return not (_is_there(pwd.getpwnam, entry["owner"]) and _is_there(grp.getgrnam, entry["group"]))


def _is_there(look_up: Callable[[str], object], name: str) -> bool:
    try:
        look_up(name)
    except KeyError:
        return name.isdigit()
    return True


def difference(entry: dict[str, Any], old: str | None, was: str) -> dict[str, Any]:
    """Return a change as Ansible's diff, with access beside; of a secret no content."""
    path, hidden = str(entry["path"]), entry["secret"]
    return {
        "path": path,
        "before_header": path,
        "after_header": path,
        "before": "" if hidden else old or "",
        "after": "" if hidden else entry["content"],
        "kind": entry["kind"],
        "secret": hidden,
        "was": was,
        "access": f"{entry['mode'].zfill(4)} {entry['owner']}:{entry['group']}",
    }


def access_differs(entry: dict[str, Any], was: str) -> bool:
    """Whether what is at a path has another owner or mode than the entry."""
    return was != f"{entry['mode'].zfill(4)} {entry['owner']}:{entry['group']}"


def planned(entry: dict[str, Any]) -> str:
    """Return the state that an entry is to have; KeyError for accounts that are not there."""
    if entry["kind"] == "link":
        return f"link {entry['content']}"
    numbers = pwd.getpwnam(entry["owner"]).pw_uid, grp.getgrnam(entry["group"]).gr_gid
    kind = {"directory": "folder"}.get(entry["kind"], entry["kind"])
    content = entry["content"].encode("utf-8", "surrogateescape")
    digest = hashlib.sha256(content).hexdigest() if kind == "file" else ""
    return str(states.file_state(kind, int(entry["mode"], 8), *numbers, digest))


def keep(run: record.Record, entries: list[dict[str, Any]]) -> None:
    """Keep what entries replace, and the kernel parameters that they will set."""
    if not entries:
        return
    run.files({entry["path"]: planned(entry) for entry in entries})
    for entry in entries:
        if str(Path(entry["path"]).parent) == PARAMETERS:
            run.others("sysctl", dict(states.parameters(entry["content"])))


def install(
    module: AnsibleModule, entries: list[dict[str, Any]], run: record.Record | None
) -> list[dict[str, Any]]:
    """Install what differs and return the changes."""
    entries = [of_others(module, entry) for entry in entries]
    paths = [Path(entry["path"]) for entry in entries]
    before = [
        (current(path, entry["kind"]), access_of(path))
        for path, entry in zip(paths, entries, strict=True)
    ]
    compared = list(zip(before, entries, strict=True))
    if run and not module.check_mode:
        keep(
            run,
            [
                entry
                for (old, was), entry in compared
                if old != entry["content"]
                or (entry["kind"] != "link" and access_differs(entry, was))
            ],
        )
    if not module.check_mode:
        write(module, [entry for (old, _), entry in compared if old != entry["content"]])
    changes = []
    for (old, was), entry in compared:
        path = Path(entry["path"])
        access = (
            entry["kind"] != "link"
            and path.exists()
            and ((module.check_mode and is_to_come(entry)) or set_access(module, path, entry))
        )
        if access or old != entry["content"]:
            changes.append(difference(entry, old, was))
    return changes


class QuietModule(AnsibleModule):  # type: ignore[misc]
    """A module of whose call the host's journal keeps nothing: it has every content, secrets too.

    The task's `no_log` decides for the constructor's, and is off in check mode, so that what would
    change is told.
    """

    def _log_invocation(self) -> None:
        pass


def main() -> None:
    """Read the entries, install them and say which have changed."""
    module = QuietModule(
        argument_spec={
            "entries": {"type": "list", "elements": "dict", "options": ENTRY},
            **record.ARGUMENTS,
        },
        supports_check_mode=True,
    )
    # Taken out: what is left of the parameters is printed with the result.
    entries = module.params.pop("entries")
    try:
        changes = install(module, entries, record.of(module.params))
    except KeyError as error:
        module.fail_json(msg=f"cannot install: no such account: {error}")
    except (OSError, record.RecordError) as error:
        module.fail_json(msg=f"cannot install: {error}")
    module.exit_json(
        changed=bool(changes),
        paths=[change["path"] for change in changes],
        diff=changes if module._diff else [],
    )


if __name__ == "__main__":
    main()
