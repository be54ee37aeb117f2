"""Estate contexts for tests of actions: real estates, and state folders of the test's own."""

from pathlib import Path

from bastide.support.estate import EstateContext
from infra import credentials
from inventory.entries import hosts
from inventory.enums import ProviderName
from inventory.files import make_folder, write_whole
from inventory.load import load_estate
from inventory.outputs import HostOutput, Outputs, outputs_path
from inventory.paths import SHIPPED_ESTATES
from tests.bastide.estates import HOST_KEY, new_estate
from tests.infra.engine.harness import PASSPHRASE, SALT
from tests.monitors.audit.estates import lab


def new_context(
    folder: Path, network: str, *, managed: bool = False, state_home: Path | None = None
) -> EstateContext:
    """Return an estate of existing hosts on addresses of the loopback, with its outputs.

    `network` is the first three numbers of the central site's, such as `127.77.0.`. `managed`: the
    town's server is one that Bastide made, so it is configured and backed up, not only watched.
    """
    estate_folder = new_estate(folder / "ours", network=network)
    if managed:
        file = estate_folder / "municipalities" / "gornjilug.yml"
        ours = "  - id: server\n    provider: lab\n    manage: full\n"
        file.write_text(file.read_text().replace("  - id: server\n", ours))
    estate = load_estate(estate_folder)
    state = (state_home or folder / "state") / estate.estate
    context = EstateContext(estate_folder, estate, state)
    put_outputs(context)
    return context


def lab_context(state: Path) -> EstateContext:
    """Return the shipped lab with a state folder of the test's own."""
    return EstateContext(SHIPPED_ESTATES / "lab", lab(), state)


def put_outputs(context: EstateContext) -> None:
    """Write what provisioning an estate of existing hosts leaves: outputs, keys and logins."""
    credentials.ensure(context.estate, context.state)
    provisioned = {
        entry.name: HostOutput(
            address=str(entry.host.address), host_key=HOST_KEY, provider=ProviderName.EXISTING
        )
        for entry in hosts(context.estate)
    }
    path = outputs_path(context.state)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(Outputs(estate=context.estate.estate, hosts=provisioned).model_dump_json())


def know_passphrase(context: EstateContext, *stacks: str) -> None:
    """Give stacks a passphrase whose key this process derives once for all tests, and not for each.

    Deriving one takes half a second, on purpose.
    """
    write_whole(context.state / "secrets" / "pulumi-passphrase", PASSPHRASE)
    make_folder(context.state / "pulumi")
    for stack in stacks or (context.estate.estate,):
        (context.state / "pulumi" / f"Pulumi.{stack}.yaml").write_text(f"encryptionsalt: {SALT}\n")


def environment_of(context: EstateContext) -> dict[str, str]:
    """Return the environment in which a command takes this estate and state."""
    return {
        "BASTIDE_ESTATE": str(context.folder),
        "BASTIDE_STATE_HOME": str(context.state.parent),
    }
