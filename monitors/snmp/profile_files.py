"""Profiles read from files, checked: a wrong one fails at start and in the tests, not at night."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from monitors.snmp.profile import Frozen, OidText, Profile, ProfileName

PROFILES = Path(__file__).parent / "profiles"


class ProfileError(Exception):
    """A profile file cannot be used; the text names the file and the place in it."""


class Like(Frozen):
    """Makers that sell the same software under numbers of their own: another file's profile.

    All that the file itself does not say is the other profile's, in the same folder or one that
    ships with the project, with the OIDs below ``under`` moved below ``at``.
    """

    profile: ProfileName
    under: OidText
    at: OidText

    def moved(self, data: Any) -> Any:
        """Return the other file's content with its OIDs moved."""
        if isinstance(data, dict):
            return {key: self.moved(value) for key, value in data.items()}
        if isinstance(data, list):
            return [self.moved(value) for value in data]
        if isinstance(data, str) and f"{data}.".startswith(f"{self.under}."):
            return f"{self.at}{data[len(self.under) :]}"
        return data


def _content(path: Path) -> Any:
    data = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    if not isinstance(data, dict) or "like" not in data:
        return data
    like = Like.model_validate(data.pop("like"))
    beside = path.with_name(f"{like.profile}.yaml")
    return like.moved(_content(beside if beside.exists() else PROFILES / beside.name)) | data


def read_profile(path: Path) -> Profile:
    """Read one profile; its name is the file's.

    ``like`` (see ``Like``) takes what the file does not say from another file.
    Raises ProfileError with the file and the first place that is wrong.
    """
    try:
        profile = Profile.model_validate(_content(path))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ProfileError(f"{path}: cannot be read as YAML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ProfileError(f"{path}: {place}: {first['msg']}") from error
    if profile.profile != path.stem:
        raise ProfileError(f"{path}: profile: expected {path.stem!r}, the file's name")
    return profile


@cache
def shipped_profiles() -> dict[str, Profile]:
    """All profiles that ship with the project by name; ``system`` first, since it is the cheapest.

    Raises ProfileError when one of them is wrong.
    """
    profiles = [read_profile(path) for path in sorted(PROFILES.glob("*.yaml"))]
    profiles.sort(key=lambda profile: profile.profile != "system")
    return {profile.profile: profile for profile in profiles}
