"""A host's answers become one Inspection, subject by subject."""

from monitors.inspection.answers import Answers
from monitors.inspection.model import Inspection
from monitors.inspection.readers.certificates import read_certificates
from monitors.inspection.readers.containers import (
    published,
    read_container_networks,
    read_containers,
)
from monitors.inspection.readers.databases import read_databases
from monitors.inspection.readers.firewall import read_firewall
from monitors.inspection.readers.logins import read_account_sources, read_accounts
from monitors.inspection.readers.network import (
    read_clock,
    read_interfaces,
    read_names,
    read_routes,
)
from monitors.inspection.readers.on_demand import read_on_demand
from monitors.inspection.readers.protocols import read_protocols
from monitors.inspection.readers.schedules import read_backups, read_jobs
from monitors.inspection.readers.shares import read_shares
from monitors.inspection.readers.sockets import read_listeners, read_peers
from monitors.inspection.readers.software import read_packages, read_services, read_updates
from monitors.inspection.readers.ssh_server import read_sessions, read_ssh_server
from monitors.inspection.readers.storage import read_mounts
from monitors.inspection.readers.sudo import read_sudo
from monitors.inspection.readers.system import read_system
from monitors.inspection.readers.vpn import named, read_tunnels, read_vpn_peers
from monitors.inspection.readers.web import read_sites


def read_inspection(answers: Answers) -> Inspection:
    """Return what the answers say; whatever a host prints, this raises nothing."""
    text = answers.text
    containers = read_containers(text("docker"), text("podman"))
    listeners = published(
        read_listeners(text("sockets"), text("processes"), text("owners")), containers
    )
    tunnels = read_tunnels(text("wireguard"))
    listeners = named(listeners, tunnels, text("wireguard"))
    jobs = read_jobs(text("timers"), text("cron"))
    return Inspection(
        system=read_system(text("release"), text("kernel"), text("virtualisation"), text("python")),
        interfaces=read_interfaces(text("addresses"), text("advertisements")),
        routes=read_routes(text("routes")),
        listeners=listeners,
        on_demand=read_on_demand(text("port_ranges"), listeners),
        protocols=read_protocols(text("raw"), text("addresses"), listeners),
        peers=(
            *read_peers(text("connections"), listeners),
            *read_vpn_peers(tunnels, text("openvpn"), listeners),
        ),
        tunnels=tunnels,
        accounts=read_accounts(
            text("passwd"), text("group"), text("shadow"), text("authorized_keys")
        ),
        account_sources=read_account_sources(text("name_sources")),
        sudo=read_sudo(text("sudoers")),
        ssh=read_ssh_server(text("sshd")),
        sessions=read_sessions(text("logged_in")),
        firewall=read_firewall(
            text("nft"), text("iptables"), text("ufw"), text("firewalld"), text("fail2ban")
        ),
        containers=containers,
        container_networks=read_container_networks(
            text("docker_networks"), text("podman_networks")
        ),
        sites=read_sites(text("nginx"), text("apache")),
        certificates=read_certificates(text("certificates")),
        databases=read_databases(text("postgresql"), text("mysql")),
        shares=read_shares(text("samba"), text("exports")),
        clock=read_clock(text("time")),
        names=read_names(text("resolver")),
        services=read_services(text("units")),
        jobs=jobs,
        mounts=read_mounts(text("mounts"), text("disks")),
        backups=read_backups(text("backups"), jobs),
        updates=read_updates(text("updates")),
        packages=read_packages(text("packages")),
        unread=answers.unread(),
    )
