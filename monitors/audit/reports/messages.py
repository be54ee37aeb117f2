"""The text of reports, kept apart from their shape so that translations can follow.

A catalogue is one YAML file, named by its BCP 47 tag. `catalogue` says how the language is
written (`direction`: ltr or rtl) and counted (`plural`: gettext's expression over `n`, which
picks one of a text's forms); `texts` has one text a key, or a list of forms where `count` picks.
"""

import gettext
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast

import yaml
from pydantic import Field, ValidationError

from inventory.frozen import Frozen

FOLDER = Path(__file__).with_name("messages")

Direction = Literal["ltr", "rtl"]


class UnknownMessageError(KeyError):
    """A report asks for a text that the catalogue does not have."""


class CatalogueError(Exception):
    """A catalogue cannot be read; the text says what is wrong with it."""


class Catalogue(Frozen):
    """How a language is named, written and counted."""

    language: str = Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", description="BCP 47")
    direction: Direction
    plural: str


class _File(Frozen):
    catalogue: Catalogue
    texts: dict[str, str | tuple[str, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Messages:
    """One language's catalogue; call it with a key and the values to fill in."""

    catalogue: Catalogue
    texts: dict[str, str | tuple[str, ...]]
    form_of: Callable[[int], int]

    def __call__(self, key: str, **values: object) -> str:
        """Return a text with its `{names}` filled in; of several forms, the one for `count`.

        Raises UnknownMessageError when there is no such text, or a value is missing.
        """
        try:
            text = self.texts[key]
            if not isinstance(text, str):
                text = text[self.form_of(cast("int", values["count"]))]
            return text.format(**values)
        except (KeyError, IndexError) as error:
            raise UnknownMessageError(f"{self.catalogue.language}: {key}: {error}") from None


@cache
def load_messages(language: str = "en", folder: Path = FOLDER) -> Messages:
    """Read the catalogue of a language; CatalogueError when there is none, or it is not one."""
    path = folder / f"{language}.yml"
    try:
        file = _File.model_validate(
            yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        )
        form_of = gettext.c2py(file.catalogue.plural)
    except OSError as error:
        languages = ", ".join(sorted(known.stem for known in folder.glob("*.yml")))
        raise CatalogueError(f"{path}: {error.strerror}; there are: {languages}") from None
    except (ValidationError, yaml.YAMLError, ValueError) as error:
        raise CatalogueError(f"{path}: not a catalogue: {error}") from None
    return Messages(file.catalogue, file.texts, form_of)
