"""`bastide backup configurations`: read, kept, shown and compared, without a secret."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from inventory.load import load_estate
from tests.bastide.estates import new_estate
from tests.command import bastide_here, bastide_json
from tests.monitors.configurations.device_server import PASSWORD, Quirks, device_server
from tests.monitors.configurations.gear import case

IOS, SECRETS = case("ios-access-switch")
DEVICE = "gornjilug-sw1"


@pytest.fixture
def quirks() -> Quirks:
    return Quirks(IOS)


@pytest.fixture
def environment(tmp_path: Path, quirks: Quirks) -> Iterator[dict[str, str]]:
    """Serve a device, and return the environment with an estate that has it."""
    folder = new_estate(tmp_path / "ours", network="127.84.0.")
    file = folder / "municipalities" / "gornjilug.yml"
    site = load_estate(folder).municipalities[0].sites[0]
    address = str(next(iter(site.networks))[77])
    with device_server(quirks, address) as device:
        said = f"""devices:
  - id: sw1
    kind: switch
    site: {site.id}
    address: {address}
    configuration:
      platform: ios
      ssh: {{user: backup, port: {device.port}, password: "env:SW1_PASSWORD"}}
      host_key: {device.host_key}
"""
        file.write_text(file.read_text().replace("devices:\n", said))
        state = tmp_path / "state" / load_estate(folder).estate
        (state / "secrets").mkdir(parents=True)
        (state / "secrets" / "configuration-marks").write_text("a key for marks")
        yield {
            "BASTIDE_ESTATE": str(folder),
            "BASTIDE_STATE_HOME": str(state.parent),
            "SW1_PASSWORD": PASSWORD,
        }


def configurations(*words: str, **environment: str) -> tuple[int, str]:
    done = bastide_here("backup", "configurations", *words, **environment)
    told = done.stdout + done.stderr
    assert not [secret for secret in (*SECRETS, PASSWORD) if secret in told]
    return done.returncode, told


def test_a_change_is_kept_and_shown(environment: dict[str, str], quirks: Quirks) -> None:
    assert configurations("status", **environment)[0] == 1
    assert configurations("run", **environment)[0] == 0
    assert configurations("status", **environment)[0] == 0
    status, text = configurations("show", DEVICE, **environment)
    assert (status, text.splitlines()[-1]) == (0, "end")
    assert configurations("diff", DEVICE, **environment) == (0, "")

    quirks.configuration = IOS.replace(" name CLERKS", " name GUESTS")
    assert configurations("run", DEVICE, **environment)[0] == 0
    status, text = configurations("diff", DEVICE, **environment)
    assert status == 1
    assert "- name CLERKS\n+ name GUESTS\n" in text
    versions = bastide_json("backup", "configurations", "show", DEVICE, "--versions", **environment)
    assert [version["added"] for version in versions[:1]] == [1]
    older = versions[1]["commit"][:12]
    assert " name CLERKS" in configurations("show", DEVICE, "--version", older, **environment)[1]


def test_a_configuration_that_is_cut_is_a_finding(
    environment: dict[str, str], quirks: Quirks
) -> None:
    quirks.cut_after = 30
    status, told = configurations("run", **environment)
    assert status == 1
    assert "not stored: the device ended the connection" in told
    (entry,) = bastide_json("backup", "configurations", "status", **environment)
    assert (entry["kind"], entry["old"]) == ("not-whole", True)
    assert configurations("show", DEVICE, **environment)[0] == 3


def test_wrong_words_are_said(environment: dict[str, str]) -> None:
    status, told = configurations("run", "nowhere-sw9", **environment)
    assert status == 2
    assert DEVICE in told
    configurations("run", **environment)
    for version in ("--output=/tmp/x", "zzzz", "a"):
        assert configurations("show", DEVICE, f"--version={version}", **environment)[0] == 2
