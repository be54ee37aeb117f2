"""Services as they run, against their units and their files."""
# ruff: noqa: S101

from monitors.audit.collect.backends import Host
from monitors.audit.facts.drop_ins import gives_more
from monitors.audit.facts.mounts_over import mounted_over
from monitors.audit.facts.replaced_units import replaced_units
from monitors.audit.facts.services import (
    CRON_PROGRAMS,
    DROP_INS,
    FILTERING,
    SEPARATE,
    SERVICES,
    Process,
    Service,
    drop_in_lines,
    first_process,
    loose_programs,
    mask,
    services,
)
from monitors.audit.facts.system import ask
from monitors.audit.facts.timed_jobs import root_jobs
from monitors.audit.model.declared import Declared

# Servers that give root's rights up, and those whose workers do.
NEVER_ROOT = (
    *("postgres", "snmpd", "chronyd", "unbound", "named", "mysqld", "mariadbd", "redis-server"),
    *("memcached", "prometheus", "prometheus-node", "prometheus-alert"),
)
WORKERS_NEVER_ROOT = ("nginx", "apache2", "haproxy", "lighttpd")
# A program of a service never lies where others may write.
OPEN_FOLDERS = ("/tmp/", "/var/tmp/", "/dev/shm/", "/home/", "/run/user/", "/memfd:")  # noqa: S108
# Programs whose settings are files that they read at their start, and where these are.
CONFIGURED = {
    "nginx.service": "/etc/nginx",
    "apache2.service": "/etc/apache2",
    "snmpd.service": "/etc/snmp",
    "unbound.service": "/etc/unbound",
}
CHANGED = f"find -L {' '.join(CONFIGURED.values())} -printf '%C@ %p\\n' 2>/dev/null; echo looked"
SHOWN = 5


def test_svc_01_rights_as_given(host: Host) -> None:
    """Every service runs with the rights that its unit gives it, and with no more."""
    found, first = services(host), first_process(host)
    # Not every kernel counts them.
    filters = any(s.main.filters > first.filters for s in found.values() if s.main)
    wrong = [
        f"{service.name} {text}"
        for service in found.values()
        if service.main and not service.main.is_being_started
        for text in _differences(service, service.main, first, filters=filters)
    ]
    assert not wrong, "; ".join(wrong[:SHOWN])


def _differences(service: Service, main: Process, first: Process, *, filters: bool) -> list[str]:
    says, most = service.properties, mask(service.properties.get("CapabilityBoundingSet", "many"))
    as_root = [p for p in service.children if p.user == 0 and p.name in WORKERS_NEVER_ROOT]
    own_view = any(service.has(name) for name in SEPARATE)
    wrong = {
        "runs without NoNewPrivileges": service.has("NoNewPrivileges")
        and not main.no_new_privileges,
        f"runs as root, its unit says {says.get('User')}": main.user == 0
        and says.get("User", "") not in ("", "root", "0"),
        "runs as root": main.user == 0 and main.name in NEVER_ROOT,
        "has workers that run as root": bool(as_root),
        "has capabilities that its unit takes away": most is not None and main.bounding & ~most,
        "sees the host's file system, its unit hides parts": own_view
        and bool(main.mounts)
        and main.mounts == first.mounts,
        "runs without a filter of system calls": filters
        and any(service.has(name) for name in FILTERING)
        and main.filters <= first.filters,
        f"runs {main.program}": main.program.startswith(OPEN_FOLDERS),
        f"was started as `{main.command.strip()}`": service.is_started_otherwise,
    }
    return [text for text, is_so in wrong.items() if is_so]


def test_svc_02_no_more_by_drop_ins(host: Host, declared: Declared) -> None:
    """No unit or drop-in of this host runs what nobody declares, or takes a limit back."""
    ask(host, SERVICES, DROP_INS)
    found, lines = services(host), list(drop_in_lines(host))
    past = [
        f"{service.name} runs {path} with all rights (+)"
        for service in found.values()
        if service.is_changed_here
        for path in service.privileged
    ]
    linked = [
        f"{s.name}: {s.properties['Environment']}" for s in found.values() if s.has("Environment")
    ]
    wider = [
        f"{file}: {name}={value}"
        for file, name, value in lines
        if value not in declared.timed_jobs and gives_more(file, name, value)
    ]
    wrong = [*past, *wider, *linked]
    assert not wrong, "; ".join(wrong[:SHOWN])


def test_svc_03_settings_in_force(host: Host) -> None:
    """Servers have read their configuration since it was last written, and run with it."""
    *rows, looked = host.run(CHANGED).stdout.splitlines()
    found = services(host)
    written = [(float(at), path) for at, _, path in (row.partition(" ") for row in rows)]
    assert looked == "looked", "the host did not show its files"
    newer = [
        f"{path} ({name})"
        for name, folder in CONFIGURED.items()
        if name in found and found[name].main
        for at, path in written
        if path.startswith(f"{folder}/") and at > found[name].read_at
    ]
    assert not newer, f"written after the server last read it: {', '.join(sorted(newer)[:SHOWN])}"


def test_svc_04_programs_of_root(host: Host) -> None:
    """What systemd, cron and sudo start as root can be written by root only."""
    ask(host, SERVICES, CRON_PROGRAMS)
    found, loose = services(host), loose_programs(host)
    *timed, looked = host.run(CRON_PROGRAMS).stdout.splitlines()
    wrong = [
        f"{service.name} starts {path}, which is {loose[path]}"
        for service in found.values()
        if service.properties.get("User", "") in ("", "root", "0")
        for path in service.programs
        if path in loose
    ]
    wrong += [f"cron or sudo starts {line.removeprefix('loose ')}" for line in timed]
    assert looked == "looked", "the host did not show what cron starts"
    assert not wrong, "; ".join(wrong[:SHOWN])


def test_svc_05_units_of_the_distribution(host: Host) -> None:
    """No unit takes the place of the distribution's, and no other program writes units."""
    strange = replaced_units(host)
    assert not strange, f"not known: {'; '.join(sorted(strange)[:SHOWN])}"


def test_svc_06_nothing_mounted_over(host: Host) -> None:
    """Every process sees the settings and programs that lie on the host, and no others."""
    strange = mounted_over(host)
    assert not strange, f"not known: {'; '.join(strange[:SHOWN])}"


def test_svc_07_declared_jobs(host: Host, declared: Declared) -> None:
    """What starts as root by the clock, at boot or at a login is a package's, ours or declared."""
    strange = [job for job in root_jobs(host) if job.command not in declared.timed_jobs]
    named = sorted({f"{job.file}: {job.command}" for job in strange})
    assert not named, f"not known, and not in hardening_timed_jobs: {'; '.join(named[:SHOWN])}"


def test_svc_08_declared_services(host: Host, declared: Declared) -> None:
    """Every service that runs as root is a package's, ours or declared."""
    strange = sorted(
        service.properties["FragmentPath"]
        for service in services(host).values()
        if service.is_of_nobody and service.properties["FragmentPath"] not in declared.timed_jobs
    )
    assert not strange, f"not known, and not in hardening_timed_jobs: {'; '.join(strange[:SHOWN])}"
