"""Files whose access bits decide who is in charge."""
# ruff: noqa: S101

from monitors.security.backends import Host
from monitors.security.facts import FileFact, files

ACCOUNTS = ("/etc/passwd", "/etc/group", "/etc/passwd-", "/etc/group-")
SECRETS = ("/etc/shadow", "/etc/gshadow", "/etc/shadow-", "/etc/gshadow-")
TIMED_JOBS = (
    "/etc/crontab",
    "/etc/cron.hourly",
    "/etc/cron.daily",
    "/etc/cron.weekly",
    "/etc/cron.monthly",
    "/etc/cron.yearly",
    "/etc/cron.d",
)


def test_file_01_account_files(host: Host) -> None:
    """Account files are root's; password files are closed to everyone else."""
    public, secret = files(host, *ACCOUNTS), files(host, *SECRETS)
    assert len(public) >= len(ACCOUNTS) // 2, "/etc/passwd or /etc/group is absent"
    assert len(secret) >= len(SECRETS) // 2, "/etc/shadow or /etc/gshadow is absent"
    _expect((*_looser(public, 0o644), *_looser(secret, 0o640)))


def test_file_02_ssh_files(host: Host) -> None:
    """The server's configuration and private host keys are closed to everyone but root."""
    config = files(host, "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/*.conf")
    keys = files(host, "/etc/ssh/ssh_host_*_key")
    public = files(host, "/etc/ssh/ssh_host_*_key.pub")
    assert config, "/etc/ssh/sshd_config is absent"
    assert keys, "there is no private host key in /etc/ssh"
    _expect((*_looser((*config, *keys), 0o600), *_looser(public, 0o644)))


def test_file_03_timed_jobs(host: Host) -> None:
    """Those of cron's files that exist are root's alone."""
    _expect(_looser(files(host, *TIMED_JOBS), 0o700))


def _looser(found: tuple[FileFact, ...], most: int) -> tuple[str, ...]:
    """Return what allows more than the mode or is not root's; shadow files' group may be shadow."""
    return tuple(
        f"{f.path} is {f.mode:04o} {f.owner}:{f.group}, expected at most {most:04o} root"
        for f in found
        if f.mode & ~most or f.owner != "root" or f.group not in ("root", "shadow")
    )


def _expect(wrong: tuple[str, ...]) -> None:
    assert not wrong, "; ".join(wrong)
