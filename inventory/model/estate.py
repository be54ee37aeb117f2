"""The estate: what estate.yml holds, and all of its files together."""

from ipaddress import IPv4Network

from pydantic import Field

from inventory.enums import ProviderName, StackLayout
from inventory.frozen import Frozen
from inventory.model.buckets import Bucket
from inventory.model.escrow import EscrowHolder
from inventory.model.fields import PROVIDERS, ManageField, SettingsField, TimezoneField
from inventory.model.hypervisors import LibvirtField, ProxmoxField
from inventory.model.maintenance_windows import MaintenanceWindow
from inventory.model.notify import NotifyField
from inventory.model.restart_window import RestartWindowField
from inventory.model.snmp_access import SnmpAccess
from inventory.model.ssh import AdministratorsField, SshField
from inventory.model.tenants import Central, DnsField, Municipality, TimeServersField
from inventory.model.thresholds import Thresholds
from inventory.model.waivers import PolicyWaiver, Waiver
from inventory.own import Own
from inventory.scalars import URL, DomainName, MunicipalityId, Network, text


class LabNetwork(Frozen):
    """The address ranges that the lab provider may use on this machine."""

    range: IPv4Network
    wan: IPv4Network
    uplink: IPv4Network = Field(description="a /30 between the outer machine and the lab")


class EstateFile(Frozen):
    """What estate.yml holds."""

    estate: MunicipalityId
    title: str
    domain: DomainName
    provider: ProviderName = Field(description=PROVIDERS)
    management: tuple[Network, ...] = Field(
        min_length=1, description="networks that administrators come from"
    )
    libvirt: LibvirtField = None
    proxmox: ProxmoxField = None
    ssh: SshField = None
    administrators: AdministratorsField = ()
    manage: ManageField = None
    settings: SettingsField = Field(default_factory=dict)
    timezone: TimezoneField = None
    dns: DnsField = None
    snmp: SnmpAccess = SnmpAccess()
    lab: LabNetwork | None = None
    time_servers: TimeServersField = ()
    maintenance: RestartWindowField = None
    witness: str | None = Field(
        default=None,
        description="the vault, by its full name, that every audit is shown to at once, and that "
        "only appends",
    )
    time_stamps: str | None = text(
        URL,
        default=None,
        description="a server (RFC 3161) that stamps each audit with its own time",
    )
    notify: NotifyField = None
    thresholds: Thresholds = Field(
        default=Thresholds(), description="from which value on something is told"
    )
    escrow: tuple[EscrowHolder, ...] = Field(
        default=(),
        description="who can open the repositories' passwords on the vaults when the team's "
        "machines are lost: any one of them alone",
    )
    buckets: tuple[Bucket, ...] = Field(
        default=(), description="buckets with object lock that a plan's second copy may lie in"
    )
    stacks: StackLayout = Field(
        default=StackLayout.ESTATE,
        description="how the state of provisioning is kept: estate (one for all) or municipality "
        "(one for central, one for each municipality, so that a mistake in one touches no other)",
    )
    canary: MunicipalityId | None = Field(
        default=None, description="the municipality whose hosts are updated before all others"
    )


class Estate(EstateFile):
    """All that one team runs; `own` is what its folder brings beside what ships with us.

    `preview` is the host whose level is only tried out (see preview.py); no file can say it.
    """

    central: Central
    municipalities: tuple[Municipality, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    policy_waivers: tuple[PolicyWaiver, ...] = ()
    windows: tuple[MaintenanceWindow, ...] = ()
    own: Own = Own()
    preview: str = ""
