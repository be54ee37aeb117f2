"""The variables and groups for Ansible: both shipped estates render, and no secret is in them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from inventory.entries import devices, hosts
from inventory.enums import ConnectionKind, ExporterName, Level, ProviderName, SnmpVersion
from inventory.hostvars import BECOME_PASSWORD, SUDO_PASSWORD, groups, host_variables
from inventory.load import find_estate, load_estate
from inventory.model.channels import Channel, Ntfy, Sms, Webhook
from inventory.model.estate import Estate
from inventory.model.hosts import Acceptance, Exporter
from inventory.model.notify import Notify, OperationsWatch
from inventory.model.snmp_access import SnmpAccess
from inventory.model.ssh import Administrator, Ssh
from inventory.model.tenants import Dns
from inventory.outputs import HostOutput, Outputs
from inventory.paths import INVENTORY_DIRECTORY
from inventory.secrets import ensure_generated, references, resolve
from tests.bastide.estates import host_key as own_key

PLUGIN = INVENTORY_DIRECTORY / "ansible"
LAB = load_estate(find_estate("lab"))


@pytest.mark.parametrize("name", ["lab", "pilot"])
def test_every_host_renders_to_plain_json(name: str, tmp_path: Path) -> None:
    estate = load_estate(find_estate(name))
    for entry in hosts(estate):
        variables = host_variables(entry, tmp_path, tmp_path, Outputs(estate=name))
        assert json.loads(json.dumps(variables)) == variables


def variables_of(
    name: str, estate: Estate = LAB, outputs: Outputs | None = None, state: Path = Path("/s")
) -> dict[str, Any]:
    entry = next(entry for entry in hosts(estate) if entry.name == name)
    return host_variables(entry, Path("/e"), state, outputs or Outputs(estate="lab"))


def test_no_secret_value_is_among_the_variables(tmp_path: Path) -> None:
    made = ensure_generated(LAB, tmp_path)
    variables = json.dumps(
        [host_variables(p, tmp_path, tmp_path, Outputs(estate="lab")) for p in hosts(LAB)]
    )
    assert len(made) == len(references(LAB)) > 1
    assert not [ref for ref in made if resolve(ref, tmp_path) in variables]


def test_only_the_operations_host_is_handed_secrets_and_by_reference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BASTIDE_COMMUNITY", "not to be seen")
    access = SnmpAccess(version=SnmpVersion.V2C, community="env:BASTIDE_COMMUNITY")
    switch = LAB.municipalities[-1].devices[0].model_copy(update={"snmp": access})
    central = LAB.central.model_copy(update={"devices": (switch,)})
    estate = LAB.model_copy(update={"central": central})
    for entry in hosts(estate):
        variables = variables_of(entry.name, estate)
        operations = entry.name == "central-ops"
        handed = {"reference": "env:BASTIDE_COMMUNITY", "to": "secrets/_env.BASTIDE_COMMUNITY"}
        files = ["/s/secrets/snmp-auth", "/s/secrets/snmp-priv"]
        assert variables["bastide_poller_handed"] == ([handed] if operations else [])
        assert variables["bastide_poller_secrets"] == (files if operations else [])
        assert "not to be seen" not in json.dumps(variables)


def test_a_vaults_value_is_handed_over_and_its_file_is_not() -> None:
    access = SnmpAccess(version=SnmpVersion.V2C, community="vault:/srv/v.yml#key")
    estate = LAB.model_copy(update={"snmp": access})
    variables = variables_of("central-ops", estate)

    assert variables["bastide_poller_handed"] == [
        {"reference": "vault:/srv/v.yml#key", "to": "secrets/_vault.v.yml.key"}
    ]
    assert variables["bastide_poller_secrets"] == []


def test_only_the_operations_host_is_given_the_passwords_of_channels_and_by_reference() -> None:
    desk = Channel(id="desk", webhook=Webhook(url="https://a.example/", token="env:DESK"))
    bare = Channel(id="bare", webhook=Webhook(url="https://b.example/"))
    estate = LAB.model_copy(update={"notify": Notify(channels=(desk, bare))})
    assert "env:DESK" in references(estate)
    for entry in hosts(estate):
        given = variables_of(entry.name, estate)["bastide_notify_secrets"]
        expected = [{"channel": "desk", "reference": "env:DESK", "reader": "prometheus"}]
        assert given == (expected if entry.name == "central-ops" else [])


def test_the_vault_that_watches_operations_is_given_those_of_its_own_channels() -> None:
    desk = Channel(id="desk", webhook=Webhook(url="https://a.example/", token="env:A"))
    post = Channel(
        id="post", webhook=Webhook(url="https://b.example/", token="env:B"), fallback="desk"
    )
    watch = OperationsWatch(vault="central-vault", to=("post",))
    notify = Notify(channels=(desk, post), operations_watch=watch)
    estate = LAB.model_copy(update={"notify": notify})
    (own,) = variables_of("central-vault", estate)["bastide_notify_secrets"]
    assert own == {"channel": "post", "reference": "env:B", "reader": "prometheus"}
    readers = [s["reader"] for s in variables_of("central-ops", estate)["bastide_notify_secrets"]]
    assert readers == ["bastide-bridge", "bastide-bridge"]


def test_what_chats_and_sms_need_goes_to_the_operations_hosts_bridge() -> None:
    spool = "/var/spool/sms/outgoing"
    sms = Channel(id="sms", sms=Sms(to=("+38164123456",), spool=spool))
    chat = Channel(
        id="chat", ntfy=Ntfy(server="https://ntfy.example", topic="alerts", token="env:NTFY")
    )
    estate = LAB.model_copy(update={"notify": Notify(channels=(sms, chat))})
    assert "env:NTFY" in references(estate)
    ops = variables_of("central-ops", estate)
    (secret,) = ops["bastide_notify_secrets"]
    assert (secret["channel"], secret["reader"]) == ("chat", "bastide-bridge")
    assert ops["bastide_bridge"] == {"wanted": True, "spools": [spool]}
    nothing = {"wanted": False, "spools": []}
    assert variables_of("velgora-app", estate)["bastide_bridge"] == nothing
    assert variables_of("central-ops")["bastide_bridge"] == nothing


def test_an_edge_is_given_what_it_forwards_and_nobody_else_is() -> None:
    forwarded = {
        (rule["to"], rule["name"], rule["port"], rule["protocol"])
        for rule in variables_of("velgora-edge")["bastide_forwards"]
    }
    assert ("10.77.1.10", "https", 443, "tcp") in forwarded
    assert ("10.77.1.30", "snmp", 161, "udp") in forwarded
    assert "smb" not in {name for _, name, _, _ in forwarded}
    assert variables_of("velgora-app")["bastide_forwards"] == []


def test_an_edge_is_told_who_must_be_reached_through_it_and_nobody_else_is() -> None:
    assert variables_of("velgora-edge")["bastide_behind"] == ["velgora-app", "velgora-files"]
    assert variables_of("velgora-app")["bastide_behind"] == []
    watched = with_host("velgora-app", {"manage": Level.WATCH})
    assert variables_of("velgora-edge", watched)["bastide_behind"] == ["velgora-files"]


def test_a_host_is_reached_where_it_was_provisioned_and_with_a_pinned_key() -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHVFsWbnXqY0tsf8e7PyzGS6QG4aBnyqSYuVOJq2W1cN"
    made = HostOutput(address="10.9.9.9", host_key=key, provider=ProviderName.LAB)
    outputs = Outputs(estate="lab", hosts={"velgora-app": made}, resolvers=("192.0.2.53",))
    variables = variables_of("velgora-app", outputs=outputs)

    # By its name: two towns may use the same addresses (see test_ssh_client).
    assert variables["ansible_host"] == "velgora-app"
    assert variables["ansible_ssh_common_args"] == "-F /s/ssh/config"
    assert variables["ansible_user"] == "root"
    assert variables["bastide_way_in"] == "root@10.9.9.9:22"
    assert variables["bastide_forwarders"] == ["192.0.2.53"]
    assert not {"ansible_become", BECOME_PASSWORD, "ansible_connection"} & set(variables)
    assert variables_of("velgora-app")["bastide_way_in"] == "root@10.77.1.10:22"


def test_an_open_connection_is_never_taken_for_another_servers_of_the_same_name() -> None:
    """Each estate has a central-ops: its connections are kept apart, and so are other keys'."""

    def kept_in(**given: Any) -> str:
        return str(variables_of("velgora-app", **given)["ansible_control_path_dir"])

    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHVFsWbnXqY0tsf8e7PyzGS6QG4aBnyqSYuVOJq2W1cN"
    places = [
        HostOutput(address=address, host_key=host_key, provider=ProviderName.LAB)
        for address, host_key in (("10.9.9.9", key), ("10.9.9.8", key), ("10.9.9.9", own_key(0)))
    ]
    different = {
        kept_in(),
        kept_in(state=Path("/other")),
        kept_in(estate=with_ssh(Ssh(jump="ana@192.0.2.1:22"))),
        *(kept_in(outputs=Outputs(estate="lab", hosts={"velgora-app": place})) for place in places),
    }
    assert len(different) == 6
    assert kept_in() == kept_in()
    # A socket's path has to be short (sockaddr_un).
    assert all(
        len(f"/home/administrator/{path[2:]}/1234567890.XXXXXXXX") < 90 for path in different
    )


def with_ssh(ssh: Ssh) -> Estate:
    return LAB.model_copy(update={"ssh": ssh})


def test_a_user_who_is_not_root_uses_sudo() -> None:
    variables = variables_of("velgora-app", with_ssh(Ssh(user="itadmin")))
    assert (variables["ansible_user"], variables["ansible_become"]) == ("itadmin", True)
    assert BECOME_PASSWORD not in variables


def test_a_password_for_sudo_is_found_by_a_constant_template_and_a_reference() -> None:
    ssh = Ssh(user="itadmin", sudo="password", sudo_password="file:/run/{{ 7 }}")
    variables = variables_of("velgora-app", with_ssh(ssh))
    assert variables[BECOME_PASSWORD] == SUDO_PASSWORD
    assert "file:" not in SUDO_PASSWORD
    assert variables["bastide_sudo_password"] == "file:/run/{{ 7 }}"


def test_this_very_machine_is_not_logged_in_to() -> None:
    first, *others = LAB.central.hosts
    local = first.model_copy(update={"connection": ConnectionKind.LOCAL})
    central = LAB.central.model_copy(update={"hosts": (local, *others)})
    variables = variables_of("central-ops", LAB.model_copy(update={"central": central}))
    assert variables["ansible_connection"] == "local"
    assert variables["bastide_way_in"] == "this machine"


def test_a_host_knows_where_it_stands_and_who_answers_for_it() -> None:
    variables = variables_of("aynzuhur-server")
    expected = {
        "bastide_estate": "lab",
        "bastide_provider": "lab",
        "bastide_domain": "lab.test",
        "bastide_fqdn": "server.aynzuhur.lab.test",
        "bastide_municipality": "aynzuhur",
        "bastide_municipality_name": "Ayn Zuhur",
        "bastide_owner": "Samar Haddad, council secretary",
        "bastide_tier": "village",
        "bastide_address": "10.77.3.10",
        "bastide_uplink": "",
        "bastide_resolver": "10.77.3.1",
        "bastide_package_cache": "",
        "bastide_services": [
            {
                "id": "permits",
                "name": "Building permits",
                "url": "https://server.aynzuhur.lab.test/",
            }
        ],
    }
    assert {name: variables[name] for name in expected} == expected
    assert variables["bastide_site"] == {
        "id": "council",
        "name": "Village council",
        "networks": ["10.77.3.0/24"],
        "gateway": "10.77.3.1",
        "nat": True,
    }
    assert variables_of("velgora-files")["bastide_services"] == []
    assert variables_of("central-ops")["bastide_tier"] == "central"
    assert variables_of("velgora-edge")["bastide_uplink"] == "10.77.255.11"


def test_a_tenant_without_a_resolver_has_none() -> None:
    village = LAB.municipalities[0]
    bare = tuple(host.model_copy(update={"roles": ()}) for host in village.hosts)
    estate = LAB.model_copy(
        update={"municipalities": (village.model_copy(update={"hosts": bare}),)}
    )
    assert variables_of("aynzuhur-server", estate)["bastide_resolver"] == ""


def test_every_host_and_device_has_a_name_in_the_dns() -> None:
    records = variables_of("velgora-edge")["bastide_records"]
    assert len(records) == len([*hosts(LAB), *devices(LAB)])
    assert {"name": "app.velgora.lab.test", "address": "10.77.1.10"} in records
    assert {"name": "ups.kastrava.lab.test", "address": "10.77.2.31"} in records


def test_a_backup_and_its_target_know_of_each_other() -> None:
    (plan,) = variables_of("velgora-files")["bastide_backups"]
    assert plan == {
        "id": "shares",
        "target": "central-vault",
        "target_address": "10.77.0.11",
        "target_fqdn": "vault.central.lab.test",
        "copies": [],
        "bucket": {},
        "paths": ["/srv/shares"],
        "database": "",
        "mariadb": "",
        "sqlite": [],
        "calendar": "*-*-* 03:00:00",
        "password_file": "/s/secrets/restic-velgora-files",
        "keep_within_days": 90,
        "before": None,
        "after": None,
    }
    clients = variables_of("central-vault")["bastide_backup_clients"]
    sent = {"pulled_from": "", "pulled_from_address": ""}
    assert {"name": "velgora-files", "municipality": "velgora", "plan": "shares", **sent} in clients
    assert variables_of("central-vault")["bastide_pulled_by"] == []
    assert variables_of("central-vault")["bastide_buckets"] == []
    assert len(clients) == 4
    assert variables_of("central-scratch")["bastide_backup_clients"] == []


def test_a_host_is_given_the_ansible_roles_of_its_roles() -> None:
    operations, client = variables_of("central-ops"), variables_of("velgora-files")
    assert operations["bastide_roles"] == ["operations", "resolver"]
    assert operations["bastide_configured_by"] == ["monitoring", "resolver"]
    assert operations["bastide_hardened_by"] == ["log_receiver"]
    assert client["bastide_configured_by"] == ["file_server", "backup_client"]
    assert client["bastide_hardened_by"] == []


def test_groups_are_roles_tenants_tiers_and_who_backs_up() -> None:
    everyone = tuple(entry.name for entry in hosts(LAB))
    assert groups(LAB) == {
        "managed": everyone,
        "watched": (),
        "refused": (),
        "accepted": (),
        "operations_watch": (),
        "edge": ("aynzuhur-edge", "kastrava-edge", "velgora-edge"),
        "resolver": ("central-ops", "aynzuhur-edge", "kastrava-edge", "velgora-edge"),
        "web": ("aynzuhur-server", "kastrava-app", "velgora-app"),
        "database": ("aynzuhur-server", "kastrava-app", "velgora-app"),
        "file_server": ("aynzuhur-server", "velgora-files"),
        "snmp_agent": ("aynzuhur-edge", "kastrava-edge", "velgora-edge"),
        "operations": ("central-ops",),
        "vault": ("central-vault",),
        "scratch": ("central-scratch",),
        "central": ("central-ops", "central-vault", "central-scratch"),
        "aynzuhur": ("aynzuhur-edge", "aynzuhur-server"),
        "kastrava": ("kastrava-edge", "kastrava-app"),
        "velgora": ("velgora-edge", "velgora-app", "velgora-files"),
        "municipal": (
            *("aynzuhur-edge", "aynzuhur-server"),
            *("kastrava-edge", "kastrava-app"),
            *("velgora-edge", "velgora-app", "velgora-files"),
        ),
        "tier_village": ("aynzuhur-edge", "aynzuhur-server"),
        "tier_town": ("kastrava-edge", "kastrava-app"),
        "tier_city": ("velgora-edge", "velgora-app", "velgora-files"),
        "backup_client": ("aynzuhur-server", "kastrava-app", "velgora-app", "velgora-files"),
    }


@pytest.mark.parametrize(
    ("change", "group"),
    [
        ({"manage": Level.WATCH}, "watched"),
        ({"manage": Level.AUDIT}, "watched"),
        ({"manage": Level.FULL, "provider": ProviderName.EXISTING}, "refused"),
    ],
)
def test_a_host_that_is_not_changed_is_in_no_group_of_ours(
    change: dict[str, object], group: str
) -> None:
    estate = with_host("velgora-files", change)
    assert [name for name, of in groups(estate).items() if "velgora-files" in of] == [group]
    variables = variables_of("velgora-files", estate)
    assert variables["bastide_level"] == change["manage"]
    assert variables["bastide_configured_by"] == []
    assert variables["bastide_backups"] == []
    assert bool(variables["bastide_refusal"]) is (group == "refused")
    clients = variables_of("central-vault", estate)["bastide_backup_clients"]
    assert [client["name"] for client in clients] == [
        "aynzuhur-server",
        "kastrava-app",
        "velgora-app",
    ]


def test_an_existing_server_that_somebody_accepted_is_changed_and_read_anew_before() -> None:
    accepts = {"level": "baseline", "by": "Ana", "date": "2026-11-27"}
    change = {
        "manage": Level.BASELINE,
        "provider": ProviderName.EXISTING,
        "accepts": Acceptance.model_validate(accepts),
        "forwards": True,
    }
    estate = with_host("velgora-files", change)
    assert [name for name, of in groups(estate).items() if "velgora-files" in of] == [
        *("managed", "accepted", "velgora", "municipal", "backup_client", "tier_city"),
    ]
    assert variables_of("velgora-files", estate)["bastide_keeps_forwarding"] is True
    assert variables_of("velgora-app", estate)["bastide_keeps_forwarding"] is False


def test_a_watched_host_is_still_named_to_those_that_are_managed() -> None:
    estate = with_host("velgora-app", {"manage": Level.WATCH})
    edge = variables_of("velgora-edge", estate)
    assert edge["bastide_records"] == variables_of("velgora-edge")["bastide_records"]
    to_app = {f["port"] for f in edge["bastide_forwards"] if f["to"] == "10.77.1.10"}
    assert to_app == {22, 80, 443}
    own = with_host(
        "velgora-app", {"manage": Level.WATCH, "exporters": (Exporter(name=ExporterName.NODE),)}
    )
    forwarded = variables_of("velgora-edge", own)["bastide_forwards"]
    assert 9100 in {f["port"] for f in forwarded if f["to"] == "10.77.1.10"}


def test_at_baseline_the_services_of_a_host_are_not_ours() -> None:
    estate = with_host("velgora-files", {"manage": Level.BASELINE})
    in_groups = [name for name, of in groups(estate).items() if "velgora-files" in of]
    assert set(in_groups) == {"managed", "velgora", "municipal", "tier_city", "backup_client"}
    variables = variables_of("velgora-files", estate)
    assert variables["bastide_configured_by"] == ["backup_client"]
    assert variables["bastide_roles"] == ["file_server"]


def test_a_resolver_that_is_not_ours_does_not_know_the_estates_names() -> None:
    estate = with_host("velgora-edge", {"manage": Level.WATCH})
    assert variables_of("velgora-app", estate)["bastide_resolver"] == ""


def with_host(name: str, change: dict[str, object]) -> Estate:
    """The lab with keys of one host changed."""
    towns = [
        town.model_copy(
            update={
                "hosts": tuple(
                    h.model_copy(update=change) if f"{town.municipality}-{h.id}" == name else h
                    for h in town.hosts
                )
            }
        )
        for town in LAB.municipalities
    ]
    return LAB.model_copy(update={"municipalities": tuple(towns)})


def ansible_inventory(estate: str, state: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "ansible-inventory"
    return subprocess.run(
        [str(program), "-i", str(PLUGIN / "estate.bastide.yml"), "--list"],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "ANSIBLE_INVENTORY_PLUGINS": str(PLUGIN),
            "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true",
            "BASTIDE_ESTATE": estate,
            "BASTIDE_STATE_HOME": str(state),
        },
    )


def test_ansibles_own_program_reads_the_pilot_through_the_plugin(tmp_path: Path) -> None:
    result = ansible_inventory("pilot", tmp_path)
    assert result.returncode == 0, result.stderr
    assert len(json.loads(result.stdout)["_meta"]["hostvars"]) == 25


def test_ansible_reports_every_problem_of_a_broken_estate(tmp_path: Path) -> None:
    result = ansible_inventory(str(tmp_path), tmp_path)
    assert result.returncode != 0
    assert "there is no estate here" in result.stderr


def test_what_the_services_on_operations_keep_is_never_among_roots_own_keys() -> None:
    ops = LAB.central.hosts[0].model_copy(update={"connection": ConnectionKind.LOCAL})
    central = LAB.central.model_copy(update={"hosts": (ops, *LAB.central.hosts[1:])})
    here = LAB.model_copy(update={"central": central})
    places = {}
    for name, estate in (("here", here), ("elsewhere", LAB)):
        for state in ("/var/lib/bastide/lab", "/home/ana/.local/state/bastide/lab"):
            entry = next(iter(hosts(estate)))
            variables = host_variables(entry, Path("/e"), Path(state), Outputs(estate="lab"))
            places[name, state[:4]] = variables["bastide_operations_state"]
    assert places.pop(("here", "/var")) == "/var/lib/bastide/operations-host/lab"
    assert set(places.values()) == {"/var/lib/bastide/lab"}


def test_what_nobody_sets_is_empty() -> None:
    bare = LAB.model_copy(update={"timezone": None, "dns": None, "time_servers": ()})
    variables = variables_of("velgora-app", bare)
    assert variables["bastide_timezone"] == ""
    assert variables["bastide_forwarders"] == variables["bastide_time_servers"] == []


def test_the_estates_resolvers_come_before_those_that_its_provider_knows() -> None:
    dns = Dns.model_validate({"forwarders": ["192.0.2.1"]})
    outputs = Outputs(estate="lab", resolvers=("192.0.2.53",))
    variables = variables_of("velgora-app", LAB.model_copy(update={"dns": dns}), outputs)
    assert variables["bastide_forwarders"] == ["192.0.2.1"]


def test_an_administrator_is_a_person() -> None:
    line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHVFsWbnXqY0tsf8e7PyzGS6QG4aBnyqSYuVOJq2W1cN"
    ana = Administrator(name="Ana", login="ana", keys=(line,), contact="ana@town")
    variables = variables_of("velgora-app", LAB.model_copy(update={"administrators": (ana,)}))
    assert {"account": "ana", "keys": [], "lines": [line], "person": True} in variables[
        "bastide_logins"
    ]


def test_programs_are_told_apart_from_people() -> None:
    logins = variables_of("central-vault")["bastide_logins"]
    assert {login["account"]: login["person"] for login in logins} == {
        "root": True, "bastide-audit": False, "bastide-backup": False, "bastide-drill": False,
        "bastide-witness": False,
    }  # fmt: skip


def test_a_host_is_given_the_files_that_the_controller_keeps_for_it() -> None:
    variables = variables_of("velgora-app")
    assert variables["bastide_state"] == "/s"
    assert variables["bastide_estate_folder"] == "/e"
    assert variables["bastide_ssh_config"] == "/s/ssh/config"
    assert variables["bastide_wheelhouse"] == "/s/wheelhouse.tar"
    assert variables["bastide_tls"] == {
        "authority": "/s/tls/authority.crt",
        "certificate": "/s/tls/app.velgora.lab.test.crt",
        "key": "/s/tls/app.velgora.lab.test.key",
    }
    root = next(login for login in variables["bastide_logins"] if login["account"] == "root")
    assert root["keys"] == ["/s/ssh/admin.pub"]
    assert root["lines"] == []


def test_the_estates_snmp_user_has_its_secrets_by_reference() -> None:
    assert variables_of("velgora-edge")["bastide_snmp"] == {
        "user": "bastide",
        "auth_protocol": "SHA",
        "auth": "generated:snmp-auth",
        "priv_protocol": "AES",
        "priv": "generated:snmp-priv",
    }


def test_a_host_knows_the_networks_of_the_estate_and_of_its_administrators() -> None:
    variables = variables_of("velgora-app")
    assert variables["bastide_management_networks"] == ["10.77.0.0/24", "10.77.254.0/30"]
    assert set(variables["bastide_estate_networks"]) >= {"10.77.0.0/24", "10.77.1.0/24"}


def test_a_host_is_given_its_ports_with_who_may_reach_them() -> None:
    (exporter,) = (p for p in variables_of("velgora-app")["bastide_listens"] if p["port"] == 9100)
    assert exporter == {
        "port": 9100,
        "protocol": "tcp",
        "name": "node_exporter",
        "sources": ["10.77.0.0/24"],
    }


OWN_EXPORTER = {"exporters": (Exporter(name=ExporterName.NODE),)}


@pytest.mark.parametrize(
    ("change", "is_ours"),
    [
        ({"manage": Level.FULL, **OWN_EXPORTER}, True),
        ({"manage": Level.BASELINE}, True),
        ({"manage": Level.BASELINE, **OWN_EXPORTER}, False),
        ({"manage": Level.WATCH}, False),
    ],
    ids=["full", "baseline", "baseline with one of its own", "watch"],
)
def test_below_full_an_exporter_that_is_there_already_stays(
    change: dict[str, object], is_ours: bool
) -> None:
    variables = variables_of("velgora-app", with_host("velgora-app", change))
    assert variables["bastide_exporter_is_ours"] is is_ours


def test_a_jump_host_knows_whom_it_leads_to() -> None:
    estate = with_host("velgora-app", {"ssh": Ssh(jump="velgora-edge")})
    assert variables_of("velgora-edge", estate)["bastide_jumped_to"] == ["10.77.1.10:22"]
    assert variables_of("velgora-app", estate)["bastide_jumped_to"] == []
