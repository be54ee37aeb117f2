"""Role options: read out of the roles' argument_specs, and values held against them."""

from pathlib import Path

import pytest

from inventory.paths import shipped
from inventory.role_options import TYPES, WORDS, mistakes, options

OWN = """
argument_specs:
  main:
    options:
      permits_port: {type: int, description: The port.}
"""


def test_an_option_is_found_by_the_role_that_its_name_begins_with(tmp_path: Path) -> None:
    assert options("ssh_ciphers", tmp_path)["ssh_ciphers"]["elements"] == "str"
    assert "snmp_agent_port" not in options("ssh_ciphers", tmp_path)
    assert options("nobody_knows", tmp_path) == {}


def test_the_estates_own_roles_have_options_too(tmp_path: Path) -> None:
    meta = tmp_path / "roles" / "permits" / "meta"
    meta.mkdir(parents=True)
    (meta / "argument_specs.yml").write_text(OWN)
    assert list(options("permits_port", tmp_path)) == ["permits_port"]


def test_every_type_that_ansible_has_and_our_roles_use_is_known() -> None:
    assert WORDS.keys() | {"raw"} == TYPES.keys()
    for file in (shipped("playbooks") / "roles").glob("*/meta/argument_specs.yml"):
        role = file.parts[-3]
        for option in options(f"{role}_", Path("/nowhere")).values():
            assert option["type"] in TYPES


@pytest.mark.parametrize(
    ("value", "option", "wrong"),
    [
        ("a", {"type": "str"}, []),
        (1, {"type": "str"}, [((), "text (put it in quotes)")]),
        (True, {"type": "int"}, [((), "a whole number")]),
        (True, {"type": "raw"}, []),
        (1, {"type": "float"}, []),
        ("c", {"type": "str", "choices": ["a", "b"]}, [((), "one of: a, b")]),
        (["a", 1], {"type": "list", "elements": "str"}, [((1,), "text (put it in quotes)")]),
        (
            [{"name": "a", "size": 1}, {"size": "x", "other": 1}],
            {
                "type": "list",
                "elements": "dict",
                "options": {"name": {"type": "str", "required": True}, "size": {"type": "int"}},
            },
            [
                ((1, "size"), "a whole number"),
                ((1, "other"), "one of the keys name, size"),
                ((1,), "the keys name too"),
            ],
        ),
    ],
)
def test_a_value_is_held_against_its_option(
    value: object, option: dict[str, object], wrong: list[object]
) -> None:
    assert list(mistakes(value, option)) == wrong
