"""The JSON schema is generated; the file that ships is the one that the models give."""

from inventory.schema import SCHEMA_FILE, schema_text


def test_the_schema_file_is_current() -> None:
    assert SCHEMA_FILE.read_text() == schema_text(), "run `make schema`"
