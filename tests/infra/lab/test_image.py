from dataclasses import replace
from pathlib import Path

import pytest

from infra.errors import InfraError
from infra.lab import image
from infra.lab.image import Recipe
from infra.lab.layout import lab_of
from infra.lab.mirrors import Source

NOWHERE = Recipe((Source("file:///nonexistent/debian", "bookworm"),))


def test_another_mirror_is_another_recipe() -> None:
    other = replace(NOWHERE, sources=(Source("file:///elsewhere", "bookworm"),))
    assert NOWHERE.digest != other.digest


def test_a_machine_cannot_be_created_before_the_image_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image, "recipe", lambda: NOWHERE)
    with pytest.raises(InfraError, match="bastide:lab:Image first"):
        image.newest(lab_of("nowhere", tmp_path, tmp_path / "cache"))


@pytest.mark.root
def test_a_build_that_fails_leaves_nothing_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image, "recipe", lambda: NOWHERE)
    lab = replace(lab_of("nowhere", tmp_path, tmp_path / "cache"), runtime=tmp_path / "run")
    with pytest.raises(InfraError, match="mmdebstrap: expected exit status 0"):
        image.ensure(lab, print)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["image.lock"]


def test_nothing_in_an_image_is_one_machines_own(tmp_path: Path) -> None:
    for name in ("etc/ssh/ssh_host_rsa_key", "etc/machine-id", "etc/hostname"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("mine")
    image.finish(tmp_path)
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path.read_text() == "mine"]
    assert left == []


def test_generators_that_find_nothing_in_a_lab_machine_are_not_run(tmp_path: Path) -> None:
    """As systemd.generator(7) has it: a link to /dev/null masks one."""
    image.finish(tmp_path)
    links = list((tmp_path / "etc/systemd/system-generators").iterdir())
    assert {link.name for link in links} == set(image.WITHOUT_GENERATORS)
    assert {str(link.readlink()) for link in links} == {"/dev/null"}
    assert not {"systemd-fstab-generator", "systemd-sysv-generator"} & {x.name for x in links}


def test_whatever_decides_what_is_in_an_image_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {NOWHERE.digest}
    for part in ("PACKAGES", "DPKG_OPTIONS", "APT_OPTIONS", "DISABLED", "HOOKS"):
        monkeypatch.setattr(image, part, (*getattr(image, part), "more"))
        names.add(NOWHERE.digest)
    monkeypatch.setattr(image, "WITHOUT_GENERATORS", ())
    assert len({*names, NOWHERE.digest}) == 7
