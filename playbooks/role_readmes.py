"""Writes each role's README.md from its argument_specs: `make generate`."""

import re
import sys
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[1]
FOLDERS = (PROJECT / "playbooks/roles", PROJECT / "inventory/estates/lab/roles")
NOTE = "Written by `make generate` from `meta/argument_specs.yml`; change that file."


def roles() -> list[Path]:
    """Return the folders of all roles: ours, and those that the lab estate brings itself."""
    return sorted(path for folder in FOLDERS for path in folder.iterdir() if path.is_dir())


def readme(role: Path) -> str:
    """Return a role's README.md: what it is for, its variables, what it needs of the inventory."""
    specs = yaml.safe_load((role / "meta/argument_specs.yml").read_text(encoding="utf-8"))
    main = specs["argument_specs"]["main"]
    options: dict[str, dict[str, Any]] = main.get("options") or {}
    own = {name: option for name, option in options.items() if not option.get("required")}
    given = {name: option for name, option in options.items() if option.get("required")}
    parts = [f"# {role.name}", f"{main['short_description']}.", *paragraphs(main)]
    if own:
        rows = [row(name, o, code(o.get("default"))) for name, o in own.items()]
        parts += ["## Variables", table(("variable", "type", "default", "meaning"), rows)]
    if given:
        rows = [row(name, o) for name, o in given.items()]
        parts += ["## From the inventory", table(("variable", "type", "meaning"), rows)]
    return "\n\n".join([*parts, NOTE]) + "\n"


def paragraphs(entry: dict[str, Any]) -> list[str]:
    """Return a description's paragraphs as Markdown."""
    text = entry.get("description") or []
    return [plain(part) for part in ([text] if isinstance(text, str) else text)]


def plain(text: str) -> str:
    """Return text with Ansible's markup of code, C(...), as Markdown's."""
    return re.sub(r"C\(([^)]*)\)", r"`\1`", text).strip()


def row(name: str, option: dict[str, Any], *cells: str) -> tuple[str, ...]:
    """Return a variable's row: name, type, what is given besides, and its description."""
    elements = option.get("elements")
    kind = f"{option['type']} of {elements}" if elements else option["type"]
    choices = option.get("choices")
    allowed = f" One of: {', '.join(f'`{choice}`' for choice in choices)}." if choices else ""
    return (f"`{name}`", kind, *cells, " ".join(paragraphs(option)) + allowed)


def code(value: Any) -> str:
    """Return a default as Markdown's code, on one line."""
    text = value if isinstance(value, str) else yaml.safe_dump(value, default_flow_style=True)
    return f"`{' '.join(text.removesuffix('...' + chr(10)).split())}`"


def table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a Markdown table; a pipe in a cell is escaped."""
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(
        f"| {' | '.join(c.replace('|', chr(92) + '|') for c in line)} |" for line in lines
    )


def main() -> None:
    """Write all of them."""
    for role in roles():
        (role / "README.md").write_text(readme(role), encoding="utf-8")
        sys.stdout.write(f"{role.relative_to(PROJECT)}/README.md\n")


if __name__ == "__main__":
    main()
