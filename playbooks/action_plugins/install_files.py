"""The controller's side of install_files: it reads and renders what the module installs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.template import trust_as_template

SOURCES = ("src", "template", "content", "link", "directory")
ACCESS = ("owner", "group", "mode", "validate", "block", "secret")
OPTIONS = {"dest", "when", *SOURCES, *ACCESS}
DIRECTORY_MODE = "0755"
MANAGED = {"ansible_managed": "Ansible managed"}


def source_of(item: dict[str, Any]) -> str:
    """Return which option says what to install; AnsibleActionFail for a wrong item."""
    sources = [name for name in SOURCES if item.get(name) is not None]
    if unknown := set(item) - OPTIONS:
        raise AnsibleActionFail(f"install_files: unknown: {', '.join(sorted(unknown))}")
    if len(sources) != 1 or not item.get("dest"):
        expected = f"expected dest and one of {', '.join(SOURCES)}"
        raise AnsibleActionFail(f"install_files: {expected}; found {sorted(item)}")
    return sources[0]


class ActionModule(ActionBase):  # type: ignore[misc]
    """What Ansible looks for in this file."""

    _VALID_ARGS = frozenset({"files"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> Any:
        """Read all files and run the module once."""
        super().run(tmp, task_vars)
        variables = task_vars or {}
        return self.install(self.entries(variables), variables)

    def entries(self, variables: dict[str, Any]) -> list[dict[str, Any]]:
        """Return what the task's files are, read and rendered."""
        items = self._task.args.get("files") or []
        return [entry for item in items for entry in self._entries(item, variables)]

    def install(self, entries: list[dict[str, Any]], variables: dict[str, Any]) -> Any:
        """Run the module with them."""
        return self._execute_module(
            module_name="ansible.legacy.install_files",
            module_args={"entries": entries, "run": variables.get("bastide_run", "")},
            task_vars=variables,
        )

    def _entries(self, item: dict[str, Any], variables: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield what the module is given for one item."""
        source, path = source_of(item), str(item["dest"])
        if not boolean(item.get("when", True)):
            return
        access = {key: item[key] for key in ACCESS if item.get(key) is not None}
        if source == "src" and str(item["src"]).endswith("/"):
            yield from self._tree(item, path, access)
        elif source == "directory":
            yield {"mode": DIRECTORY_MODE, **access, "path": path, "kind": "directory"}
        else:
            kind = "link" if source == "link" else "file"
            content = self._content(source, str(item[source]), variables)
            yield {**access, "path": path, "kind": kind, "content": content}

    def _tree(
        self, item: dict[str, Any], dest: str, access: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        folder = Path(self._find_needle("files", str(item["src"])))
        for path in sorted(folder.rglob("*")):
            place = str(Path(dest) / path.relative_to(folder))
            # Folders that are missing are made with their files; those of others keep their mode.
            # Compiled modules are no part of it: pip makes them beside every source it installs.
            if path.is_file() and "__pycache__" not in path.parts:
                content = path.read_text(encoding="utf-8")
                yield {**access, "path": place, "kind": "file", "content": content}

    def _content(self, source: str, value: str, variables: dict[str, Any]) -> str:
        if source == "src":
            # In check mode what an earlier step of a real run makes may not be there yet.
            is_to_come = (
                self._task.check_mode and value.startswith("/") and not Path(value).exists()
            )
            path = None if is_to_come else self._find_needle("files", value)
            return Path(path).read_text(encoding="utf-8") if path else ""
        if source == "template":
            path = Path(self._find_needle("templates", value))
            templar = self._templar.copy_with_new_env(
                searchpath=[str(path.parent)], available_variables={**MANAGED, **variables}
            )
            rendered = templar.template(
                trust_as_template(path.read_text(encoding="utf-8")), escape_backslashes=False
            )
            return "" if rendered is None else str(rendered)  # None: nothing came of it
        return value
