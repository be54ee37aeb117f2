"""The town as pytest fixtures; tests/conftest.py makes them every test's."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import pytest

from tests.strange_town import prober
from tests.strange_town import town as towns
from tests.strange_town.prober import Counts
from tests.strange_town.town import Town

REUSED = "STRANGE_TOWN"  # the id of a town that is up already, to be used and left

Probing = Callable[[], AbstractContextManager[Counts]]


@contextmanager
def running_town() -> Iterator[Town]:
    """A strange town, every service of which has answered: its own, unless one is to be used."""
    reused = os.environ.get(REUSED)
    made = towns.find(reused) if reused else towns.up(owner=os.getpid())
    try:
        prober.wait(made)
        yield made
    finally:
        if not reused:
            towns.down(made.id)


@pytest.fixture(scope="session")
def town() -> Iterator[Town]:
    """A strange town of this session's own."""
    with running_town() as made:
        yield made


@pytest.fixture
def probing(town: Town) -> Probing:
    """Return the prober of the town: `with probing() as counts: …`."""
    return partial(prober.probing, town)
