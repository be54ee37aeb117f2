"""How a device or an agent is polled over SNMP."""

from typing import Annotated, Self

from pydantic import BeforeValidator, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from inventory.enums import SnmpVersion
from inventory.frozen import Frozen
from inventory.scalars import AuthProtocol, PrivProtocol, SecretRef, as_text

KEYS_OF_V3 = frozenset({"user", "auth_protocol", "auth", "priv_protocol", "priv"})


class SnmpAccess(Frozen):
    """How a device is polled: SNMPv3 with authentication and privacy, or a community."""

    version: Annotated[
        SnmpVersion,
        BeforeValidator(as_text),
        WithJsonSchema({"enum": [*(v.value for v in SnmpVersion), 1, 3]}),
    ] = SnmpVersion.V3
    community: SecretRef | None = None
    user: str = "bastide"
    auth_protocol: AuthProtocol = "SHA"
    auth: SecretRef = "generated:snmp-auth"
    priv_protocol: PrivProtocol = "AES"
    priv: SecretRef = "generated:snmp-priv"

    @model_validator(mode="after")
    def _keys_of_its_version(self) -> Self:
        """Refuse keys that have no effect: who wrote them believes in more than there is."""
        named = self.model_fields_set - ({"community"} if self.community is None else set())
        idle = sorted(named & ({"community"} if self.version is SnmpVersion.V3 else KEYS_OF_V3))
        if idle:
            raise PydanticCustomError(
                "keys_of_another_version",
                "{keys}: not of SNMP version {version}",
                {"keys": ", ".join(idle), "version": self.version.value},
            )
        if self.version is not SnmpVersion.V3 and self.community is None:
            raise PydanticCustomError(
                "community_missing",
                "SNMP version {version} needs a community",
                {"version": self.version.value},
            )
        return self

    @property
    def secrets(self) -> tuple[str, ...]:
        """The references to the secrets that this version needs."""
        if self.community is not None:
            return (self.community,)
        return (self.auth, self.priv)
