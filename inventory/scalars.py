"""The single values of an estate's files: names, addresses, references to secrets."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema

# The keys whose values are references to secrets: what stands there by mistake is never shown.
SECRET_FIELDS = frozenset({"auth", "priv", "community", "password"})
# The key of pydantic's validation context under which the estate's folder is given.
ESTATE_FOLDER = "estate_folder"


def as_text(value: Any) -> Any:
    """YAML reads a plain number as one; where text is meant, its digits are the text."""
    return str(value) if type(value) is int else value


def _anchored(reference: str, info: ValidationInfo) -> str:
    """A vault's file is relative to the estate's folder, so that it is found from anywhere."""
    folder = (info.context or {}).get(ESTATE_FOLDER)
    if folder is None or not reference.startswith("vault:"):
        return reference
    file, _, key = reference.removeprefix("vault:").rpartition("#")
    return f"vault:{Path(folder).absolute() / file}#{key}"


MunicipalityId = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9]{1,30}$", description="lower-case letters and digits, no hyphens"
    ),
]
Id = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
        max_length=31,
        description="lower-case letters, digits and single hyphens",
    ),
]
DomainName = Annotated[
    str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$")
]
SecretRef = Annotated[
    str,
    Field(
        pattern=r"^(generated:[a-z0-9][a-z0-9._-]*|env:[A-Z_][A-Z0-9_]*|file:/.+"
        r"|vault:[^#]+#[A-Za-z_][A-Za-z0-9_]*)$",
        description="where a secret is found: generated:NAME, env:NAME, file:/PATH, or "
        "vault:FILE#KEY in a file of ansible-vault, relative to the estate's folder",
    ),
    AfterValidator(_anchored),
]
HostKey = Annotated[
    str, Field(pattern=r"^(ssh-ed25519|ecdsa-sha2-nistp256|ssh-rsa) [A-Za-z0-9+/=]+$")
]
ProfileName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
PortName = Annotated[
    str,
    BeforeValidator(as_text),
    Field(
        pattern=r"^[^\x00-\x1f\x7f]{1,255}$",
        description="a port as the device names it (ifName or ifDescr), or its number",
    ),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "integer", "minimum": 1}]}),
]
TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
