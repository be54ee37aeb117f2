"""What nginx says of its own settings, all included files in place."""

from monitors.audit.collect.backends import Host

NGINX = (
    r"nginx -T 2>/dev/null | "
    r"grep -E '^\s*(autoindex|server_tokens|user|ssl_protocols|ssl_ciphers|load_module)\s'"
)


def nginx_settings(host: Host) -> list[list[str]]:
    """Return the words of each line that has one of those settings; none where nginx is not."""
    lines = host.run(NGINX).stdout.splitlines()
    return [line.partition("#")[0].replace(";", " ").split() for line in lines]
