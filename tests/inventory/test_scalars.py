"""Host keys are whole, networks are not everything, accounts are names that hosts have."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import TypeAdapter, ValidationError

from inventory.scalars import AccountName, HostKey, Network, is_address

HOST_KEY: TypeAdapter[str] = TypeAdapter(HostKey)
ACCOUNT: TypeAdapter[str] = TypeAdapter(AccountName)
PRIVATE_KEYS = (Ed25519PrivateKey.generate(), generate_private_key(SECP256R1()))
KEYS = [
    key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    for key in (*PRIVATE_KEYS, generate_rsa(65537, 2048))
]
BY_TYPE = pytest.mark.parametrize("key", KEYS, ids=lambda key: key.split(" ")[0])


@BY_TYPE
def test_a_key_is_taken_with_its_comment_and_kept_without(key: str) -> None:
    assert HOST_KEY.validate_python(key) == key
    assert HOST_KEY.validate_python(f"{key} root@server of the hall") == key


@BY_TYPE
def test_a_key_that_is_cut_off_anywhere_is_refused(key: str) -> None:
    for end in range(len(key)):
        with pytest.raises(ValidationError):
            HOST_KEY.validate_python(key[:end])


@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0"])
def test_every_address_is_no_network(network: str) -> None:
    with pytest.raises(ValidationError, match="every address"):
        TypeAdapter(Network).validate_python(network)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("192.0.2.1", True), ("2001:db8::1", True), ("velgora-edge", False), ("192.0.2.0/24", False)],
)
def test_an_address_is_told_from_a_name_and_a_network(text: str, expected: bool) -> None:
    assert is_address(text) is expected


@pytest.mark.parametrize(
    "name", ["", ".ana", "-ana", "7ana", "ana ilic", "ana*", "ana@town", "a" * 33]
)
def test_what_sshd_would_take_for_a_pattern_is_no_account(name: str) -> None:
    with pytest.raises(ValidationError):
        ACCOUNT.validate_python(name)


@pytest.mark.parametrize("name", ["root", "_apt", "ana.ilic", "It-Admin2", "a" * 32])
def test_an_account_is_called_as_hosts_have_it(name: str) -> None:
    assert ACCOUNT.validate_python(name) == name
