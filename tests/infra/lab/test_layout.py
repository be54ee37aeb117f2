import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.errors import InfraError
from infra.lab.layout import Lab, key, link_name


def a_lab(root: Path, state: str) -> Lab:
    return Lab("lab", root / state, root / "cache", root / "run")


def test_one_estate_cannot_run_from_two_state_folders(tmp_path: Path) -> None:
    key(a_lab(tmp_path, "one"))
    with pytest.raises(InfraError, match=r"runs from .*/one.*take that one down"):
        key(a_lab(tmp_path, "two"))


def test_of_many_who_need_the_key_first_all_get_the_same(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, "one")
    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(lambda _: key(lab), range(64)))) == 1
    assert [path.name for path in lab.runtime.iterdir()] == ["lab.json"]


def test_the_key_stays_until_the_next_boot(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, "one")
    assert key(lab) == key(lab)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("lab",), "bst-lab"),
        (("elevenchars",), "bst-elevenchars"),
    ],
)
def test_short_names_stay_readable(words: tuple[str, ...], name: str) -> None:
    assert link_name("bst", *words) == name


def test_long_names_fit_the_kernel_and_stay_apart() -> None:
    one, other = link_name("br", "aynzuhur-council"), link_name("br", "aynzuhur-county")
    assert one != other
    assert max(len(os.fsencode(one)), len(os.fsencode(other))) <= 15
