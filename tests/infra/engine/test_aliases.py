"""What a program calls otherwise, or gives to another provider, is found again and not remade."""

import pytest

from tests.infra.engine.harness import Harness

HEAD = """
import pulumi
from pulumi import Alias, ResourceOptions as Options

def thing(name, **options):
    return pulumi.CustomResource("toy:index:Thing", name, {"content": "1"}, Options(**options))

def provider(name, **options):
    return pulumi.ProviderResource("toy", name, {}, Options(**options))

class Site(pulumi.ComponentResource):
    def __init__(self, name, **options):
        super().__init__("toy:index:Site", name, {}, Options(**options))
"""


def program(town: Harness, text: str) -> Harness:
    (town.project.folder / "__main__.py").write_text(HEAD + text)
    return town


TWICE = {
    "two take one": (
        "thing('hall')",
        "thing('x', aliases=[Alias(name='hall')])\nthing('y', aliases=[Alias(name='hall')])",
    ),
    "it is there itself": (
        "thing('hall')",
        "thing('hall')\nthing('x', aliases=[Alias(name='hall')])",
    ),
    "it is there itself, and settled": (
        "thing('hall')",
        "hall = thing('hall')\nthing('x', depends_on=[hall], aliases=[Alias(name='hall')])",
    ),
    "it comes itself later": (
        "thing('hall')",
        "thing('x', aliases=[Alias(name='hall')])\nthing('hall')",
    ),
}


@pytest.mark.parametrize("case", TWICE)
def test_one_thing_is_never_managed_by_two(town: Harness, case: str) -> None:
    before, after = TWICE[case]
    assert program(town, before).up().ok

    outcome = program(town, after).up()

    assert not outcome.ok
    assert "alias" in town.messages()
    ids = [raw.get("id") for raw in town.recorded() if raw["type"] == "toy:index:Thing"]
    assert len(ids) == len(set(ids))
    assert town.things() == {"hall@here"}


SAME = {
    "moved into a component": (
        "thing('hall')",
        "site = Site('s')\n"
        "thing('hall', parent=site, aliases=[Alias(parent=pulumi.ROOT_STACK_RESOURCE)])",
    ),
    "a component renamed": (
        "thing('s-hall', parent=Site('s'))",
        "thing('t-hall', parent=Site('t', aliases=[Alias(name='s')]))",
    ),
    "a component and its child renamed": (
        "thing('hall', parent=Site('s'))",
        "thing('gate', parent=Site('t', aliases=[Alias(name='s')]), aliases=[Alias(name='hall')])",
    ),
    "given to a provider": ("thing('hall')", "thing('hall', provider=provider('ours'))"),
    "taken from a provider": ("thing('hall', provider=provider('ours'))", "thing('hall')"),
    "a provider renamed": (
        "thing('hall', provider=provider('ours'))",
        "thing('hall', provider=provider('mine', aliases=[Alias(name='ours')]))",
    ),
    "another provider": (
        "thing('hall', provider=provider('ours'))",
        "thing('hall', provider=provider('mine'))",
    ),
}


@pytest.mark.parametrize("case", SAME)
def test_what_is_only_called_otherwise_is_not_remade(town: Harness, case: str) -> None:
    before, after = SAME[case]
    assert program(town, before).up().ok
    town.log()

    for text in (after, before if "provider" in case else after):
        outcome = program(town, text).up()
        assert outcome.ok, town.messages()
        assert "replace" not in outcome.changes
    assert town.log() == []
    assert program(town, "pass").up().ok
    assert town.things() == set()


def test_the_first_of_two_aliases_counts_that_is_there(town: Harness) -> None:
    assert program(town, "thing('hall')\nthing('gate')").up().ok

    aliases = "[Alias(name='nothing'), Alias(name='hall'), Alias(name='gate')]"
    assert program(town, f"thing('well', aliases={aliases})").up().ok

    assert town.things() == {"hall@here"}
    assert town.resources()["well"]["id"] == "hall@here"
