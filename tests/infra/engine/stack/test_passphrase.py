import pytest

from infra.engine.api import EngineError
from infra.engine.stack import passphrase


def test_a_salt_that_is_none_is_refused_by_its_place() -> None:
    with pytest.raises(EngineError, match=r"Pulumi\.dev\.yaml: expected a salt"):
        passphrase.open_with("x", "v2:abc", "Pulumi.dev.yaml")
