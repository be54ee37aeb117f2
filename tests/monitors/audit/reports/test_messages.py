"""Catalogues: each text is used, none is missing, and other languages can follow."""

import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest
import yaml
from jinja2 import Environment, nodes

from inventory.enums import Tier
from monitors.audit.model.controls import FrameworkReferences, Severity
from monitors.audit.model.results import Outcome
from monitors.audit.reports import html
from monitors.audit.reports.messages import (
    FOLDER,
    CatalogueError,
    UnknownMessageError,
    load_messages,
)
from monitors.audit.reports.model import Attribution, Which
from monitors.audit.reports.trend import SHARES

# What the part after the prefix of a key can be, where a template computes it.
FAMILIES: dict[str, tuple[str, ...]] = {
    "severity_": tuple(Severity),
    "outcome_": (*Outcome, "waived"),
    "tier_": tuple(Tier),
    "framework_": tuple(FrameworkReferences.model_fields),
    "attribution_": tuple(Attribution.model_fields),
    "trend_legend_": SHARES,
    "run_": get_args(Which),
}
# Keys that `for` hands to `t`, and those that Python asks for.
HANDED = {"hosts_new", "hosts_gone", "controls_new", "controls_gone"}
ASKED = {"no_value": set[str](), "percent": {"number"}, "days": {"count"}, "hours": {"count"}}
ASKED |= {"minutes": {"count"}, "moment": set()}
ASKED |= {"comma": set(), "and_more": {"count"}}
TEXTS = load_messages().texts


def calls() -> Iterator[nodes.Call]:
    """Yield every call of `t` in the templates."""
    for file in sorted(html.TEMPLATES.glob("*.j2")):
        tree = Environment(autoescape=True).parse(file.read_text(encoding="utf-8"))
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "t":
                yield call


def keys_of(call: nodes.Call) -> set[str]:
    key = call.args[0]
    if isinstance(key, nodes.Const):
        return {str(key.value)}
    if isinstance(key, nodes.Concat):
        prefix = key.nodes[0]
        assert isinstance(prefix, nodes.Const)
        return {f"{prefix.value}{word}" for word in FAMILIES[prefix.value]}
    assert isinstance(key, nodes.Name), key
    return HANDED


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_a_text_that_is_not_there_is_named() -> None:
    with pytest.raises(UnknownMessageError, match="en: no_such_text"):
        load_messages()("no_such_text")


def test_a_value_that_is_not_given_is_named() -> None:
    with pytest.raises(UnknownMessageError, match=r"en: days: .*count"):
        load_messages()("days")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there are: "),
        ("[", "not a catalogue"),
        ("catalogue: {language: xx, direction: up, plural: '0'}\ntexts: {}", "direction"),
        ("catalogue: {language: xx, direction: ltr, plural: 'exit()'}\ntexts: {}", "not a cat"),
        ("catalogue: {language: xx, direction: ltr, plural: '0'}\ntexts: {a: 1}", "texts.a"),
    ],
)
def test_what_is_no_catalogue_is_refused(tmp_path: Path, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / "xx.yml").write_text(content)
    with pytest.raises(CatalogueError, match=said):
        load_messages("xx", tmp_path)


def test_every_text_is_used_and_none_is_missing() -> None:
    used = {key for call in calls() for key in keys_of(call)} | set(ASKED)
    assert used == set(TEXTS)


def test_templates_fill_in_what_texts_ask_for_and_nothing_else() -> None:
    given = {key: {k.key for k in call.kwargs} for call in calls() for key in keys_of(call)}
    for key, values in (given | ASKED).items():
        text = TEXTS[key]
        forms = (text,) if isinstance(text, str) else text
        for form in forms:
            assert fields(form) <= values, key
        if not isinstance(text, str):
            assert "count" in values, key


def test_templates_have_no_words_of_their_own() -> None:
    for file in html.TEMPLATES.glob("*.j2"):
        tree = Environment(autoescape=True).parse(file.read_text(encoding="utf-8"))
        outside = " ".join(data.data for data in tree.find_all(nodes.TemplateData))
        words = re.sub(r"<[^>]*>?|^[^<]*>", " ", outside)
        assert not re.search(r"[A-Za-z]{3,}\s+[A-Za-z]{3,}", words), (file.name, words)


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.yml")), ids=lambda file: file.stem)
def test_every_catalogue_has_the_same_texts(file: Path) -> None:
    messages = load_messages(file.stem)
    assert messages.catalogue.language == file.stem
    assert messages.texts.keys() == TEXTS.keys()
    for key, text in messages.texts.items():
        assert type(text) is type(TEXTS[key])
        assert fields("".join(text)) == fields("".join(TEXTS[key]))


def test_texts_are_counted_as_the_language_counts(tmp_path: Path) -> None:
    plural = "n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2"
    content = {
        "catalogue": {"language": "sr-Latn", "direction": "ltr", "plural": plural},
        "texts": {"days": ["{count} dan", "{count} dana", "{count} dana "]},
    }
    (tmp_path / "sr-Latn.yml").write_text(yaml.safe_dump(content))
    serbian = load_messages("sr-Latn", tmp_path)

    counted = [serbian("days", count=count) for count in (1, 2, 5, 21)]
    assert counted == ["1 dan", "2 dana", "5 dana ", "21 dan"]


def test_braces_in_values_are_not_filled_in() -> None:
    assert load_messages()("not_met_on", names="{names} {0}") == "Not met on: {names} {0}."
