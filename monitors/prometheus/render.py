"""An estate becomes the configuration of Prometheus, Alertmanager and blackbox_exporter.

The rules and runbooks are ours and the estate's own: rules link to runbooks by Prometheus' own
address (``$externalURL``), which serves them under ``/user``, so that they open with no internet.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from inventory.archives import tar
from inventory.authority import authority
from inventory.entries import InventoryHost, operations_host, tenants
from inventory.files import write_whole
from inventory.load import estate_files
from inventory.model.estate import Estate
from inventory.own import Own, carried_files
from monitors.prometheus import operations_watch
from monitors.prometheus.alertmanager_config import alertmanager
from monitors.prometheus.blackbox_config import blackbox
from monitors.prometheus.dashboards import provisioning
from monitors.prometheus.own_rules import check_rules
from monitors.prometheus.prometheus_config import prometheus, protected
from monitors.prometheus.rule_files import shipped_rules
from monitors.prometheus.runbook_pages import runbook_pages
from monitors.prometheus.runbook_templates import TEMPLATES, templates

HEADER = "# Written by `bastide monitor rules`; the next run overwrites changes made here.\n"
ASSETS = "runbooks"


class NoOperationsHostError(ValueError):
    """The estate has no host that could run Prometheus."""


def files(estate: Estate, runbooks: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file of the configuration as its relative path and content, sorted by folder.

    ``runbooks`` is the project's folder of that name. Raises NoOperationsHostError when no host
    has the role ``operations``, InventoryError when the estate's own rules or runbooks are wrong.
    """
    check_rules(estate.own, runbooks)
    server, has_bridge = _operations_host(estate), bool(estate.notify and estate.notify.bridged)
    protection = protected(server.fqdn)
    config = prometheus(estate.estate, server.name, protection, has_bridge=has_bridge)
    yield "prometheus.yml", _yaml(config)
    yield "alertmanager.yml", _yaml(alertmanager(estate.notify, addresses(estate)))
    yield TEMPLATES, templates(estate, _alert_pages(estate, runbooks)).encode()
    yield "blackbox.yml", _yaml(blackbox(estate))
    for rule_file in (*shipped_rules(), *estate.own.rules):
        yield f"rules/{rule_file.name}", rule_file.read_bytes()
    for folder in (runbooks, estate.own.runbook_folder):
        for name, page in runbook_pages(folder):
            yield f"{ASSETS}/{name}", page.encode()
    yield from _grafana(_prometheus(estate))


def _alert_pages(estate: Estate, runbooks: Path) -> list[Path]:
    folders = (runbooks, estate.own.runbook_folder)
    return [page for folder in folders for page in sorted((folder / "alerts").glob("[!.]*.md"))]


def addresses(estate: Estate) -> dict[str, tuple[str, ...]]:
    """Return the mail addresses of each tenant's contacts."""
    return {
        tenant.id: tuple(dict.fromkeys(c.email for c in tenant.content.contacts if c.email))
        for tenant in tenants(estate)
    }


def render(estate: Estate, folder: Path, runbooks: Path) -> tuple[Path, ...]:
    """Write the configuration into a folder, to look at or check; return the files written."""
    written = []
    for name, content in list(files(estate, runbooks)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        written.append(path)
    return tuple(written)


def pack(estate: Estate, estate_folder: Path, target: Path, runbooks: Path) -> bool:
    """Write one tar with the configuration and the estate's own YAML; return whether it changed.

    The same estate gives the same bytes, so the operations host can tell by a checksum whether
    there is anything to do.
    """
    entries = [*files(estate, runbooks), *_estate_files(estate.own, estate_folder)]
    content = tar(entries)
    if target.exists() and target.read_bytes() == content:
        return False
    write_whole(target, content)
    return True


def render_watch(estate: Estate, folder: Path, runbooks: Path) -> tuple[Path, ...]:
    """Write what the vault needs that watches the operations host; nothing where none does."""
    written = []
    for name, content in operations_watch.files(estate, addresses(estate), runbooks):
        data = content if isinstance(content, bytes) else _yaml(content)
        write_whole(folder / name, data, mode=0o644)
        written.append(folder / name)
    return tuple(written)


def _grafana(address: str) -> Iterator[tuple[str, bytes]]:
    for name, dashboard in provisioning.dashboards(address):
        yield f"grafana/dashboards/{name}", dashboard
    yield "grafana/provisioning/dashboards/bastide.yml", _yaml(provisioning.providers())
    yield "grafana/provisioning/datasources/bastide.yml", _yaml(provisioning.datasources(address))


def _prometheus(estate: Estate) -> str:
    """Where a browser finds Prometheus, as the playbooks set it (`--web.external-url`)."""
    return f"https://{authority(_operations_host(estate).host.address, 9090)}"


def _operations_host(estate: Estate) -> InventoryHost:
    if entry := operations_host(estate):
        return entry
    raise NoOperationsHostError(
        "central.yml: no host has the role `operations`; Prometheus needs one to run on"
    )


def _estate_files(own: Own, folder: Path) -> Iterator[tuple[str, bytes]]:
    # Nothing else that lies there: a vault, though encrypted, has no business on other machines.
    for path in (*estate_files(folder), *carried_files(own)):
        yield f"estate/{path.relative_to(folder).as_posix()}", path.read_bytes()


def _yaml(data: dict[str, Any]) -> bytes:
    text = yaml.safe_dump(data, sort_keys=False, default_flow_style=False, width=100)
    return (HEADER + text).encode()
