"""What an administrator is told when Proxmox cannot be used, and what is tried again."""

from pathlib import Path

import pytest

from infra.errors import InfraError
from infra.proxmox import api
from infra.proxmox.api import Api
from infra.proxmox.failures import ApiError
from tests.infra.provider.plugin import Plugin
from tests.infra.proxmox.conftest import Site
from tests.infra.proxmox.stub import BUSY, NODE, TOKEN, Vm

MACHINE = "bastide:proxmox:Machine"


def refused(plugin: Plugin, site: Site) -> str:
    """Return the words with which a machine is not made."""
    with pytest.raises(Exception, match="expected") as raised:
        plugin.create(MACHINE, site.inputs)
    assert "Traceback" not in str(raised.value)
    assert TOKEN.rpartition("=")[2] not in str(raised.value)
    return str(raised.value)


def test_a_cluster_that_does_not_answer_is_named(plugin: Plugin, site: Site) -> None:
    site.inputs["url"] = "https://127.0.0.1:9"
    assert "https://127.0.0.1:9" in refused(plugin, site)


def test_a_certificate_of_an_unknown_authority_is_never_accepted(
    plugin: Plugin, site: Site
) -> None:
    del site.inputs["caFile"]
    assert "pve-root-ca.pem" in refused(plugin, site)
    assert site.cluster.calls == []


@pytest.mark.parametrize("text", ["", "bastide@pve!infra", "PVEAPIToken=x@pve!y=z"])
def test_a_file_without_a_token_is_named_and_not_shown(
    plugin: Plugin, site: Site, text: str
) -> None:
    Path(site.inputs["tokenFile"]).write_text(text)
    assert "user@realm!name=UUID" in refused(plugin, site)


def test_a_missing_file_is_named(plugin: Plugin, site: Site) -> None:
    site.inputs["tokenFile"] = "/nowhere/token"
    assert "/nowhere/token" in refused(plugin, site)


def test_an_unknown_token_is_told_from_a_missing_right(plugin: Plugin, site: Site) -> None:
    Path(site.inputs["tokenFile"]).write_text("bastide@pve!gone=1-2")
    assert "pveum user token list" in refused(plugin, site)


RIGHTS = {
    "VM.Audit": "VM.Clone",
    "VM.Audit VM.Clone": "VM.Config.Options",
    "VM.Audit VM.Clone VM.Config.Options": "Datastore.Audit",
    "VM.Audit VM.Clone VM.Config.Options Datastore.Audit": "Datastore.AllocateTemplate",
}


@pytest.mark.parametrize("given", RIGHTS)
def test_a_missing_right_is_named_with_its_path(plugin: Plugin, site: Site, given: str) -> None:
    site.cluster.rights = set(given.split())
    words = refused(plugin, site)
    assert f"the right {RIGHTS[given]} there: pveum acl modify /nodes/" in words
    # With the right it goes on from where it was: nothing stays behind.
    site.cluster.rights = {"*"}
    plugin.create(MACHINE, site.inputs)
    assert len(site.cluster.ours) == 1


def test_neither_or_both_of_template_and_image_is_refused(plugin: Plugin, site: Site) -> None:
    site.inputs["image"] = "local:import/debian.qcow2"
    assert "found both" in refused(plugin, site)


def test_a_name_that_others_have_is_refused_and_theirs_is_left(plugin: Plugin, site: Site) -> None:
    theirs = Vm(NODE, {"name": "bastide-town-velgora-app", "description": "mine"})
    site.cluster.vms[150] = theirs
    assert "one that others made (number 150)" in refused(plugin, site)
    with pytest.raises(Exception, match="one that others made"):
        plugin.delete(MACHINE, site.inputs)
    assert site.cluster.vms[150] is theirs


def test_a_clone_that_fails_is_told_with_its_own_words(plugin: Plugin, site: Site) -> None:
    site.cluster.fails = "clone failed: storage 'local-lvm' is not available on node 'pve1'"
    words = refused(plugin, site)
    assert "is not available on node" in words
    assert "pvesm status" in words
    assert site.cluster.ours == {}


def test_a_number_that_somebody_took_first_is_left_to_them(plugin: Plugin, site: Site) -> None:
    site.cluster.stolen = 3
    assert plugin.create(MACHINE, site.inputs)[1]["vmid"] == 103
    assert [vm.name for n, vm in site.cluster.vms.items() if 100 <= n < 103] == [
        "somebodys-100",
        "somebodys-101",
        "somebodys-102",
    ]


def test_a_storage_that_is_busy_is_asked_again(plugin: Plugin, site: Site) -> None:
    site.cluster.busy, site.cluster.fails = 2, f"clone failed: {BUSY}"
    assert plugin.create(MACHINE, site.inputs)[1]["running"]
    assert site.cluster.busy == 0


def test_one_that_stays_busy_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "BUSY_SECONDS", 0.3)
    site.cluster.busy = 1000
    asked = Api(site.inputs["url"], site.inputs["tokenFile"], site.inputs["caFile"])
    with pytest.raises(ApiError, match="got timeout"):
        asked.post(f"/nodes/{NODE}/qemu/9000/config", cores=1)
    assert site.cluster.busy < 1000 - 1


def test_a_task_that_never_ends_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "TASK_SECONDS", 0.3)
    site.cluster.polls = 1000
    asked = Api(site.inputs["url"], site.inputs["tokenFile"], site.inputs["caFile"])
    with pytest.raises(ApiError, match="not done after"):
        asked.finish(asked.post(f"/nodes/{NODE}/qemu/9000/config", cores=1), "change")


def test_a_token_is_read_from_no_other_place(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login x password y\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    asked = Api(site.inputs["url"], site.inputs["tokenFile"], site.inputs["caFile"])
    assert asked.get("/cluster/nextid") == "100"
    with pytest.raises(InfraError, match="certificate"):
        Api(site.inputs["url"], site.inputs["tokenFile"]).get("/cluster/nextid")
