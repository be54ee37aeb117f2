"""The text of reports, kept apart from their shape so that translations can follow."""

from functools import cache
from pathlib import Path

import yaml

FOLDER = Path(__file__).with_name("messages")


class UnknownMessageError(KeyError):
    """A report asks for a text that the catalogue does not have."""


class Messages:
    """One language's catalogue; call it with a key and the values to fill in."""

    def __init__(self, language: str, texts: dict[str, str]) -> None:
        self.language = language
        self.texts = texts

    def __call__(self, key: str, **values: object) -> str:
        """Return a text with its `{names}` filled in; UnknownMessageError when there is none."""
        try:
            return self.texts[key].format(**values)
        except KeyError as error:
            raise UnknownMessageError(f"{self.language}: {key}: {error}") from None


@cache
def load_messages(language: str = "en") -> Messages:
    """Read the catalogue of a language (BCP 47 tag); FileNotFoundError when there is none."""
    text = (FOLDER / f"{language}.yml").read_text(encoding="utf-8")
    return Messages(language, yaml.safe_load(text))
