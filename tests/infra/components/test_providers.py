from infra.components.providers import PROVIDERS
from inventory.enums import ProviderName


def test_everything_that_the_inventory_can_name_is_provided() -> None:
    assert PROVIDERS.keys() == set(ProviderName)
