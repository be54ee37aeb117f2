"""The permit register: what its processes may touch."""
# ruff: noqa: S101

from monitors.audit.collect.backends import Host

CONFINED = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "CapabilityBoundingSet": "",
}
UNIT = (
    f"systemctl show permits.service -p ActiveState -p User {' '.join(f'-p {k}' for k in CONFINED)}"
)


def test_permit_01_confined(host: Host) -> None:
    """The effective unit has an account of its own, no capability and a read-only system."""
    lines = host.check_output(UNIT).splitlines()
    unit = dict(line.split("=", 1) for line in lines)
    loose = [
        f"{name} is {unit.get(name) or 'unset'}"
        for name, wanted in CONFINED.items()
        if unit.get(name) != wanted
    ]
    assert unit["ActiveState"] == "active", f"permits.service is {unit['ActiveState']}"
    assert unit["User"] not in ("", "root", "www-data"), f"runs as {unit['User'] or 'root'}"
    assert not loose, f"permits.service: {', '.join(loose)}"
