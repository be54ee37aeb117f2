"""The single values of an estate's files: names, addresses, keys, references to secrets."""

from datetime import datetime
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

# The keys whose values are references to secrets: what stands there by mistake is never shown.
SECRET_FIELDS = frozenset(
    {"auth", "priv", "community", "password", "private_key", "sudo_password", "secret_key", "token"}
)
# The key of a mapping whose values all are.
SECRET_MAPPING = "secrets"  # noqa: S105 - a key
# The key of pydantic's validation context under which the estate's folder is given.
ESTATE_FOLDER = "estate_folder"

MUNICIPALITY_ID = r"^[a-z][a-z0-9]{1,30}$"
ID = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
DOMAIN_NAME = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$"
SERVER = r"^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$"
REFERENCE = (
    r"^(generated:[a-z0-9][a-z0-9._-]*|env:[A-Z_][A-Z0-9_]*|file:/.+"
    r"|vault:[^#]+#[A-Za-z_][A-Za-z0-9_]*)$"
)
HOST_KEY = r"^(ssh-ed25519|ecdsa-sha2-nistp256|ssh-rsa) [A-Za-z0-9+/]+=*( [^\x00-\x1f\x7f]*)?$"
PROFILE_NAME = r"^[a-z][a-z0-9_]*$"
PORT_NAME = r"^[^\x00-\x1f\x7f]{1,255}$"
TIME_OF_DAY = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
LOCAL_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} ([01][0-9]|2[0-3]):[0-5][0-9]$"
ABSOLUTE_PATH = r"^/[^\x00-\x1f\x7f]*$"
DATABASE_NAME = r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$"
COUNTRY = r"^[A-Z]{2}$"
URL = r"^https?://[^\s/]+(/\S*)?$"
PAGE = r"^(https?://[^\s/]+(/\S*)?|/\S*)$"
WEB_SERVER = r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$"
EMAIL = r"^[^\s@<>,;:\"\\()\[\]\x00-\x1f\x7f]+@[A-Za-z0-9.-]+$"
MAIL_SERVER = r"^[A-Za-z0-9.-]+:[0-9]{1,5}$"
HTTP_SERVER = r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?$"
TLS_SERVER = r"^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?$"
BUCKET_NAME = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"
REGION = r"^[a-z0-9-]{1,40}$"
ACCESS_KEY = r"^[A-Za-z0-9._-]{3,128}$"
PHONE = r"^\+[1-9][0-9 ]{5,20}[0-9]$"
MATRIX_ROOM = r"^[!#][^\s:/?,]+:[A-Za-z0-9.-]+(:[0-9]{1,5})?$"
NTFY_TOPIC = r"^[A-Za-z0-9_-]{1,64}$"
TELEGRAM_CHAT = r"^(-?[0-9]{1,20}|@[A-Za-z][A-Za-z0-9_]{4,31})$"
CONTROL_ID = r"^[A-Z]+-[0-9]{2}$"
POLICY_ID = r"^INF-[0-9]{2}$"
TIMEZONE = r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$"
# Dots and capitals are common where accounts are a directory's (useradd(8) takes them).
ACCOUNT_NAME = r"^[A-Za-z_][A-Za-z0-9._-]{0,31}$"
JUMP_HOST = (
    r"^([a-z][a-z0-9]*(-[a-z0-9]+)*"
    r"|[A-Za-z_][A-Za-z0-9._-]{0,31}@(\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?|[A-Za-z0-9.:-]+))$"
)
KEY_FILE = r"^(agent|~?/[^\x00-\x1f\x7f]+)$"
LIBVIRT_URI = r"^[a-z][a-z0-9+]*://[^\s']*$"
PROXMOX_URL = r"^https://[A-Za-z0-9.\[\]:-]+/?$"
VOLUME_ID = r"^[A-Za-z0-9._-]+:[A-Za-z0-9._/-]+$"
STORE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,61}$"
CHECKSUM = r"^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$"
AGE_RECIPIENT = r"^age1[02-9ac-hj-np-z]{58}$"
CUT = r"^(login: \S|port: (tcp|udp)/\S|protocol: \d|forwarding: \S|route: \S)[^\x00-\x1f\x7f]*$"

FORMS: dict[str, str] = {
    MUNICIPALITY_ID: "2 to 31 lower-case letters and digits, no hyphens, such as velgora",
    ID: "lower-case letters, digits and single hyphens, such as file-server",
    DOMAIN_NAME: "a DNS name in lower case, such as estate.example",
    SERVER: "a DNS name or an IP address, such as time.example",
    REFERENCE: "where a secret is found: generated:NAME, env:NAME, file:/PATH, or "
    "vault:FILE#KEY in a file of ansible-vault, relative to the estate's folder",
    HOST_KEY: "a public key of SSH, such as the line in /etc/ssh/ssh_host_ed25519_key.pub",
    PROFILE_NAME: "a profile's name in lower case, such as if_mib (`bastide snmp profiles`)",
    PORT_NAME: "a port as the device names it (ifName or ifDescr), or its number, such as gi1/0/1",
    TIME_OF_DAY: "hours and minutes with two digits each, from 00:00 to 23:59, such as 02:30",
    LOCAL_TIME: "a date and a time of day, such as 2027-01-16 22:00",
    ABSOLUTE_PATH: "a path from the root, such as /srv/shares",
    DATABASE_NAME: "up to 63 letters, digits, _ and -, such as permits",
    COUNTRY: "two capital letters of ISO 3166-1, such as RS; XX for fictional places",
    URL: "an address that begins with http:// or https://, such as https://permits.example/",
    PAGE: "a path such as /apply, or an address that begins with http:// or https://",
    WEB_SERVER: "a name in lower case, with a port if need be, such as login.example:8443",
    EMAIL: "one mail address without a name, such as it@velgora.example",
    MAIL_SERVER: "a name or IPv4 address and a port, such as mail.velgora.example:587",
    HTTP_SERVER: "a server without a path, such as https://ntfy.example",
    TLS_SERVER: "a server that answers over TLS, without a path, such as https://s3.example",
    BUCKET_NAME: "3 to 63 lower-case letters, digits, dots and hyphens, such as copies-of-velgora",
    REGION: "a region as the S3 server calls it, such as us-east-1",
    ACCESS_KEY: "an account as the S3 server names it, no secret, such as velgora-writer",
    PHONE: "a telephone number with + and the country's code, in quotes, such as '+381 64 123456'",
    MATRIX_ROOM: "a room's id or alias, in quotes, such as '!abcdef:matrix.example'",
    NTFY_TOPIC: "up to 64 letters, digits, _ and -, such as bastide-alerts",
    TELEGRAM_CHAT: "a chat's number, such as -1001234567890, or @name of a channel",
    CONTROL_ID: "a control's id, such as SSH-02 (`bastide audit controls`)",
    POLICY_ID: "a policy's id, such as INF-01 (`bastide infra policies`)",
    TIMEZONE: "a name of the time zone database, such as Europe/Belgrade",
    ACCOUNT_NAME: "the name of an account on the host, such as itadmin or ana.ilic",
    JUMP_HOST: "a full host name of the inventory, or user@address:port, such as admin@10.0.0.1:22",
    CUT: "in quotes and as `bastide host impact --accept` prints it, such as 'login: milan', "
    "'port: tcp/5432', 'forwarding: 172.20.0.0/24' or 'route: eth0 ipv6'",
    LIBVIRT_URI: "a connection of libvirt, such as qemu+ssh://root@hypervisor.example/system",
    PROXMOX_URL: "where its API answers, such as https://pve.example:8006",
    VOLUME_ID: "a volume as Proxmox names it, such as local:import/debian-12.qcow2",
    STORE_NAME: "the name that it has on the hypervisor, such as br0 or default",
    CHECKSUM: "sha256: or sha512: and the sum, such as sha512:3f9a… as sha512sum prints it",
    AGE_RECIPIENT: "a public key of age, such as age1ql3z… as age-keygen prints it",
    KEY_FILE: "the path of a private key, such as ~/.ssh/id_ed25519, or agent (ssh-agent)",
}
"""What each pattern asks for in words: editors show it, and errors do instead of the pattern."""


def text(pattern: str, **details: Any) -> Any:
    """Return pydantic's Field for texts of a form, described in words unless `details` do."""
    return Field(pattern=pattern, **{"description": FORMS[pattern], **details})


def is_address(value: str) -> bool:
    """Say whether a text is an IPv4 or IPv6 address."""
    try:
        ip_address(value)
    except ValueError:
        return False
    return True


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


def _public_key(line: str) -> str:
    """Return a public key's type and key without its comment; one that is cut off is refused."""
    try:
        load_ssh_public_key(line.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise PydanticCustomError("host_key", "is damaged or cut off: no such key exists") from None
    return " ".join(line.split(" ")[:2])


def _without_login(url: str) -> str:
    """Refuse a user or password in a URL, which every reader of the inventory would see."""
    if "@" in url.split("/", 3)[2]:
        raise PydanticCustomError("login_in_url", "has a login in it: give a token by reference")
    return url


def that_can_be(place: str) -> str:
    """Refuse a URL, or a server with its port, that no program could connect to."""
    try:
        parts = urlsplit(place if "://" in place else f"//{place}")
        if parts.hostname and parts.port != 0:
            return place
    except ValueError:
        pass
    raise PydanticCustomError("no_server", "names no server: its port or address cannot be")


@cache
def _time_zones() -> frozenset[str]:
    """Return the names of the database; reading it walks a thousand files."""
    return frozenset(available_timezones())


def _time_zone(name: str) -> str:
    """Refuse what is in no time zone database; where this machine has none, all names pass."""
    if (known := _time_zones()) and name not in known:
        raise PydanticCustomError("timezone", "is no time zone")
    return name


def _date_that_is(local: str) -> str:
    try:
        datetime.fromisoformat(local)
    except ValueError:
        raise PydanticCustomError("no_date", "is no date of any calendar") from None
    return local


def _not_everywhere(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    if network.prefixlen == 0:
        raise PydanticCustomError("everywhere", "is every address that there is")
    return network


MunicipalityId = Annotated[str, text(MUNICIPALITY_ID)]
Id = Annotated[str, text(ID, max_length=31)]
DomainName = Annotated[str, text(DOMAIN_NAME)]
Server = Annotated[str, text(SERVER)]
HttpUrl = Annotated[str, text(URL), AfterValidator(_without_login), AfterValidator(that_can_be)]
Email = Annotated[str, text(EMAIL)]
HttpServer = Annotated[str, text(HTTP_SERVER), AfterValidator(that_can_be)]
PhoneNumber = Annotated[str, text(PHONE)]
MatrixRoom = Annotated[str, text(MATRIX_ROOM)]
NtfyTopic = Annotated[str, text(NTFY_TOPIC)]
TelegramChat = Annotated[
    str,
    BeforeValidator(as_text),
    text(TELEGRAM_CHAT),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "integer"}]}),
]
MailServer = Annotated[str, text(MAIL_SERVER), AfterValidator(that_can_be)]
SecretRef = Annotated[str, text(REFERENCE), AfterValidator(_anchored)]
HostKey = Annotated[str, text(HOST_KEY), AfterValidator(_public_key)]
ProfileName = Annotated[str, text(PROFILE_NAME)]
PortName = Annotated[
    str,
    BeforeValidator(as_text),
    text(PORT_NAME),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "integer", "minimum": 1}]}),
]
TimezoneName = Annotated[str, text(TIMEZONE), AfterValidator(_time_zone)]
AccountName = Annotated[str, text(ACCOUNT_NAME)]
JumpHost = Annotated[str, text(JUMP_HOST)]
KeyFile = Annotated[str, text(KEY_FILE)]
LocalTime = Annotated[str, text(LOCAL_TIME), AfterValidator(_date_that_is)]
TimeOfDay = Annotated[str, text(TIME_OF_DAY)]
CutKey = Annotated[str, text(CUT)]
AbsolutePath = Annotated[str, text(ABSOLUTE_PATH)]
DatabaseName = Annotated[str, text(DATABASE_NAME)]
Address = IPv4Address | IPv6Address
Network = Annotated[IPv4Network | IPv6Network, AfterValidator(_not_everywhere)]
AuthProtocol = Literal["SHA", "SHA224", "SHA256", "SHA384", "SHA512"]
PrivProtocol = Literal["AES", "AES192", "AES256"]
