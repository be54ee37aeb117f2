"""The JSON schema is generated; the file that ships is the one that the models give."""

from collections.abc import Iterator
from typing import Any

from inventory.scalars import FORMS, PORT_NAME, TELEGRAM_CHAT
from inventory.schema import SCHEMA_FILE, schema, schema_text


def test_the_schema_file_is_current() -> None:
    assert SCHEMA_FILE.read_text() == schema_text(), "run `make generate`"


def test_every_pattern_has_words_for_people() -> None:
    # Ports and chats may be numbers as well, so that their schemas have no pattern.
    assert {*patterns(schema())} == FORMS.keys() - {PORT_NAME, TELEGRAM_CHAT}
    for pattern, words in FORMS.items():
        assert pattern not in words
        assert "such as" in words or "where a secret is found" in words


def patterns(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("pattern"), str):
            yield node["pattern"]
        for value in node.values():
            yield from patterns(value)
    elif isinstance(node, list):
        for value in node:
            yield from patterns(value)
