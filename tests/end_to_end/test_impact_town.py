"""What a level would change on a strange town's hosts: predicted whole, and nothing changes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.command import bastide
from tests.strange_town import allowed, picture
from tests.strange_town.fixtures import Probing
from tests.strange_town.town import Town
from tests.town_estate import PASSWORD, environment, password, town_estate

pytestmark = [pytest.mark.town, pytest.mark.root]

ROLES = {
    "web": {"roles": ["web", "database", "snmp_agent"]},
    "files": {"roles": ["file_server"]},
    "new": {"roles": ["resolver"]},
}


@pytest.fixture(scope="module")
def variables(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The town's estate, all at audit; its hosts have roles that only `full` would give them."""
    folder = tmp_path_factory.mktemp("impact")
    town_estate(folder / "ours", town, changes=ROLES)
    return environment(folder / "ours", folder / "state", **password(town))


def paths(changes: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {file["path"]: file for file in changes["files"]}


@pytest.mark.parametrize(
    ("host", "files", "packages", "units"),
    [
        (
            "web",
            {"/etc/hosts", "/etc/ssh/sshd_config.d/00-bastide.conf", "/etc/snmp/snmpd.conf"},
            {"nftables", "chrony", "snmpd"},
            {"systemd-journald.service", "chrony.service"},
        ),
        ("files", {"/etc/samba/smb.conf"}, {"chrony", "aide"}, {"chrony.service"}),
        ("new", {"/etc/unbound/unbound.conf"}, {"unbound"}, {"unbound.service"}),
    ],
)
def test_a_level_is_predicted_whole_and_nothing_on_the_host_changes(
    host: str,
    files: set[str],
    packages: set[str],
    units: set[str],
    town: Town,
    probing: Probing,
    variables: Mapping[str, str],
) -> None:
    before = picture.take(town, host)
    with probing() as counts:
        done = bastide("host", "impact", f"gradac-{host}", "--level=full", "--json", **variables)
    after = picture.take(town, host)
    assert allowed.unexplained(before, after) == ()
    assert not counts.failures, counts
    changes = json.loads(done.stdout)["changes"]
    assert changes["refused"] == []
    assert files <= paths(changes).keys()
    assert packages <= {package["name"] for package in changes["packages"]}
    assert units <= {unit["name"] for unit in changes["units"]}
    assert "bastide-audit" in {account["name"] for account in changes["accounts"]}
    assert "/etc/bastide/firewall.nft" in paths(changes)
    # What serves is told to read its settings anew: it is not restarted.
    assert not {"nginx.service", "smbd.service", "postgresql.service"} & {
        unit["name"] for unit in changes["units"]
    }
    assert_no_secret(done.stdout + done.stderr, variables)


def assert_no_secret(shown: str, variables: Mapping[str, str]) -> None:
    """Neither what was shown nor what was kept of the run holds a secret of the estate."""
    state = Path(variables["BASTIDE_STATE_HOME"]) / "gradac"
    secrets = [path.read_text().strip() for path in (state / "secrets").iterdir()]
    public = "".join(f.read_text() for p in ("tls/*.crt", "ssh/*.pub") for f in state.glob(p))
    keys = [file for pattern in ("tls/*.key", "ssh/*") for file in state.glob(pattern)]
    for key in filter(Path.is_file, keys):
        if "PRIVATE KEY" in (text := key.read_text()):
            # The last line of a key holds its public half, as its certificate does.
            secrets += [s for s in text.splitlines() if "PRIVATE" not in s and s not in public]
    assert len(secrets) > 10
    kept = "".join(file.read_text() for file in (state / "logs").iterdir())
    assert not [s for s in (*secrets, variables[PASSWORD]) if s in shown + kept]


def test_a_host_without_python_is_said_to_be_predicted_no_further(
    town: Town, variables: Mapping[str, str]
) -> None:
    # A new network has the forwarding of the machine that it is made on.
    town.run("bare", "sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward")
    before = picture.take(town, "bare")
    done = bastide("host", "impact", "gradac-bare", **variables)
    assert allowed.unexplained(before, picture.take(town, "bare")) == ()
    assert done.returncode == 3
    assert "What ended the check: all that comes after it is not known" in done.stdout
    assert "gradac-bare has no /usr/bin/python3" in done.stdout
    assert "python3-apt" in done.stdout
