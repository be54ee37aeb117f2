from pathlib import Path

import pytest

from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.paths import SHIPPED_ESTATES

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def runbooks() -> Path:
    return REPOSITORY / "runbooks"


@pytest.fixture(scope="session", params=["lab", "pilot"])
def estate(request: pytest.FixtureRequest) -> Estate:
    return load_estate(SHIPPED_ESTATES / request.param)


@pytest.fixture(scope="session")
def lab() -> Estate:
    return load_estate(SHIPPED_ESTATES / "lab")
