"""What a host is asked when it is looked at: one shell command a subject, each of which only reads.

Traps that stand behind the wording (Debian 12):

- `nginx -t` and `-T` make a pid file, `apache2ctl` makes folders, `ufw status` and `podman ps` take
  locks: their files are read instead.
- apt as root writes /var/cache/apt/*.bin. Where there are none `apt-get -s` takes four seconds of
  CPU, `apt list` one or two.
- `nft` and `iptables-save` have the kernel load their modules: they are run only where those are
  loaded already, or built in.
- A client of Docker, of timedated or of hostnamed starts the service where its socket waits.
- A program in Python writes what it compiled beside its modules, unless it is told not to.
- Secrets: of a password only its state is printed; of a certificate's file only the certificate;
  never `wg show all dump` and `wg showconf`, which print private and preshared keys.
- `wg` has the kernel load its module, too.

A program that is missing ends its command with 127, which readers take for "not there".
"""

from collections.abc import Mapping
from types import MappingProxyType

# More than the collector takes of one command: what is cut is then said to be.
MAX_FILE_BYTES = 512 * 1024
# Of configuration files no comments, and no lines that are likely to hold a secret.
_PLAIN = (
    f"head -c {MAX_FILE_BYTES} \"$f\" | grep -avE '^[[:space:]]*([#;]|$)' "
    "| grep -aviE 'passw|secret|token|set_header|auth_basic|api.?key'"
)


# A line of a file is no title of another one.
_ESCAPED = "sed 's/^==>/= =>/'"


def _files(*patterns: str, filtered: str = _PLAIN) -> str:
    """Return a command that prints files, each after a line with its path."""
    return (
        f"for f in {' '.join(patterns)}; do "
        f'[ -f "$f" ] && echo "==> $f" && {{ {filtered}; }} | {_ESCAPED}; done; true'
    )


def _program(name: str, command: str) -> str:
    return f"command -v {name} >/dev/null || exit 127; {command}"


def _docker(command: str) -> str:
    return _program("docker", f"pidof dockerd >/dev/null || exit 127; {command}")


# A module that is not loaded has no rules; asking for them would load it.
_LOADED = (
    'loaded() { ! grep -qs "/$1\\.ko" /lib/modules/$(uname -r)/modules.dep '
    '|| grep -q "^$1 " /proc/modules; }; '
)
# As nobody: what it cannot write it leaves alone, and uses the cache that is there.
_APT = (
    "setpriv --reuid=65534 --regid=65534 --clear-groups timeout 4 apt list --upgradable "
    "2>/dev/null && echo whole; "
    "stat -c 'lists %Y' /var/lib/apt/lists; date '+now %s'"
)
_SSHD_FILES = "/etc/ssh/sshd_config /etc/ssh/sshd_config.d/*.conf"
# What `sshd -T` says of root is not what a Match block says of others: the words of the files, too.
_SSHD = (
    "sshd -T -C user=root,host=localhost,addr=127.0.0.1 || exit; grep -hsiE "
    "'^[[:space:]]*(AuthorizedKeysFile|AuthorizedKeysCommand|TrustedUserCAKeys|Subsystem"
    f"|ForceCommand|PasswordAuthentication)[[:space:]=]' {_SSHD_FILES} "
    "| sed -E 's/^[[:space:]]*([A-Za-z]+)[[:space:]]*=?[[:space:]]*/\\1 /'; true"
)
# In the files that sshd names for keys (sshd_config(5): %h, %u, %U), and in the usual ones.
_KEYS = (
    "{ command -v sshd >/dev/null && sshd -T -C user=root,host=localhost,addr=127.0.0.1 "
    "2>/dev/null; sed -E 's/^[[:space:]]*([A-Za-z]+)[[:space:]]*=?/\\1 /' "
    f"{_SSHD_FILES} 2>/dev/null; echo 'authorizedkeysfile .ssh/authorized_keys "
    ".ssh/authorized_keys2 /etc/ssh/authorized_keys/%u /etc/ssh/authorized_keys.d/%u'; } "
    "| tr -d '\"' | awk 'NR == FNR { if (tolower($1) == \"authorizedkeysfile\") "
    'for (i = 2; i <= NF; i++) if ($i != "none") patterns[$i]; next } '
    '{ split($0, a, ":"); for (p in patterns) { f = p; gsub(/%h/, a[6], f); '
    'gsub(/%u/, a[1], f); gsub(/%U/, a[3], f); if (f !~ /^\\//) f = a[6] "/" f; '
    "print a[1], f } }' - /etc/passwd | sort -u | while read -r user f; do "
    f'[ -f "$f" ] && echo "==> $user $f" && head -c {MAX_FILE_BYTES} "$f" '
    '| sed -E \'s/(environment)="[^"]*"/\\1="…"/g; s/^==>/= =>/\'; done; true'
)
_SHADOW = (
    'awk -F: \'{ s = "set"; if ($2 == "") s = "empty"; if ($2 ~ /^[!*]/) s = "locked"; '
    "print $1, s }' /etc/shadow"
)
# The files that sudoers names, and those of its folders: as they are named, below /etc otherwise.
_SUDOERS_INCLUDED = (
    "$(cat /etc/sudoers /etc/sudoers.d/* 2>/dev/null | tr -d '\"' | sed -nE "
    "'s,^[#@]include(dir)?[[:space:]]+([^/]),@include\\1 /etc/\\2,; "
    "s,^[#@]include[[:space:]]+([^[:space:]]+).*,\\1,p; "
    "s,^[#@]includedir[[:space:]]+([^[:space:]]+).*,\\1/*,p' | sort -u)"
)
# Who holds a port: its program, and the unit or container that it runs in.
_PROCESSES = (
    "pids=$(ss -Htulpn | grep -oE 'pid=[0-9]+' | cut -d= -f2 | sort -un | head -200); "
    'for p in $pids; do echo "pid $p"; echo "exe $(readlink /proc/$p/exe)"; '
    "sed 's/^/cgroup /' /proc/$p/cgroup; done 2>/dev/null; true"
)
_PACKAGES_OF = (
    "pids=$(ss -Htulpn | grep -oE 'pid=[0-9]+' | cut -d= -f2 | sort -un | head -200); "
    "for p in $pids; do readlink /proc/$p/exe; done 2>/dev/null | sort -u | "
    'while read -r exe; do echo "$exe"; echo "${exe#/usr}"; done | sort -u | '
    "xargs -r dpkg -S 2>/dev/null; true"
)
_WEB_FILES = (
    "/etc/nginx/nginx.conf /etc/nginx/conf.d/*.conf /etc/nginx/sites-enabled/*",
    "/etc/apache2/ports.conf /etc/apache2/sites-enabled/* /etc/httpd/conf.d/*.conf",
)
# Only what stands between the lines of a certificate leaves the host: such files may hold keys too.
_CERTIFICATES = (
    "{ grep -hsoiE '^[^#]*(ssl_certificate|SSLCertificateFile|ssl_cert_file|tls_cert|"
    "smtpd_tls_cert_file)[ =]+[^;]+' "
    f"{' '.join(_WEB_FILES)} /etc/postgresql/*/*/postgresql.conf /etc/postfix/main.cf "
    '| sed -E "s/.*[ =]+[\'\\"]?(\\/[^ ;\'\\"]+).*/\\1/"; '
    "ls /etc/letsencrypt/live/*/fullchain.pem 2>/dev/null; } | sort -u | head -100 "
    '| while read -r f; do [ -f "$f" ] && echo "==> $f" '
    "&& sed -n '/-BEGIN CERTIFICATE/,/-END CERTIFICATE/p;/-END CERTIFICATE/q' \"$f\" "
    "| head -c 16384; done; true"
)
_POSTGRESQL = (
    "ls /run/postgresql/.s.PGSQL.*[0-9] 2>/dev/null | head -10 | while read -r s; do "
    'port=${s##*.}; echo "port $port"; cd /run/postgresql; '
    "set -- /usr/lib/postgresql/*/bin/psql; "
    'setpriv --reuid=postgres --regid=postgres --clear-groups "$1" -XAtq -w -p $port -c '
    "\"SELECT 'database ' || datname || ' ' || pg_database_size(oid) FROM pg_database "
    "WHERE datallowconn AND NOT datistemplate UNION ALL "
    "SELECT 'setting ' || name || ' ' || setting FROM pg_settings "
    "WHERE name IN ('listen_addresses', 'data_directory', 'ssl') UNION ALL "
    "SELECT 'version ' || current_setting('server_version')\" 2>&1; done; true"
)
# No information_schema: the server makes temporary files for it.
_MYSQL = (
    "c=$(command -v mariadb || command -v mysql) || exit 127; "
    "[ -S /run/mysqld/mysqld.sock ] || exit 0; "
    "MYSQL_HISTFILE=/dev/null $c --no-defaults --skip-password --protocol=socket "
    "--socket=/run/mysqld/mysqld.sock -u root -BN -e "
    "\"SELECT 'version', VERSION(); SELECT 'setting', 'bind_address', @@bind_address; "
    "SELECT 'setting', 'datadir', @@datadir; SHOW DATABASES\" 2>&1 "
    "| sed -E '/^(version|setting)\\t/!s/^/database /'; "
    "du -sk /var/lib/mysql/*/ 2>/dev/null | sed 's/^/size /'; true"
)
_WIREGUARD = (
    _LOADED + "grep -ls '^DEVTYPE=wireguard' /sys/class/net/*/uevent | cut -d/ -f5 "
    "| sed 's/^/interface /'; "
    "grep -hsoiE '^[[:space:]]*listen-?port[[:space:]]*=[[:space:]]*[0-9]+' /etc/wireguard/*.conf "
    "/etc/systemd/network/*.netdev /etc/systemd/network/*.netdev.d/*.conf "
    "/run/systemd/network/*.netdev /etc/NetworkManager/system-connections/* "
    "| tr -cd '0-9\\n' | sed 's/^/configured /'; "
    "command -v wg >/dev/null && { [ -d /run/wireguard ] || loaded wireguard; } && "
    "for what in listen-port allowed-ips endpoints latest-handshakes; do "
    'wg show all "$what" | sed "s/^/$what\t/"; done; date \'+now %s\''
)
# Of the servers' own lists of clients only the addresses; one that is not kept up says nothing.
_OPENVPN = (
    "find /run/openvpn-server /run/openvpn /var/log/openvpn /etc/openvpn -maxdepth 1 -type f "
    "-name '*status*' -mmin -10 -exec "
    "awk -F '[,\t]' '$1 == \"CLIENT_LIST\" { print $3 } "
    "NF == 5 && $3 ~ /^[0-9]+$/ { print $2 }' {} + 2>/dev/null | head -2000; true"
)
# Of servers that open ports as they need them: the first and the last (readers/on_demand.py).
_PORT_RANGES = (
    "grep -HsiE '^[[:space:]]*(pasv_m(in|ax)_port|PassivePorts|rtp(start|end)|m(in|ax)-port|[0-9]+ "
    "[0-9]+$)' /etc/vsftpd.conf /etc/vsftpd/*.conf /etc/proftpd/proftpd.conf "
    "/etc/proftpd/conf.d/*.conf /etc/pure-ftpd/conf/PassivePortRange /etc/asterisk/rtp.conf "
    "/etc/turnserver.conf /etc/coturn/turnserver.conf; true"
)
_SILENT_MYSQL = "sed -E '/mysql|mariadb/s/(-p)[^ ]+/\\1…/'"
_CRON = (
    "for f in /etc/crontab /etc/cron.d/* /var/spool/cron/crontabs/* /var/spool/cron/*; do "
    f'[ -f "$f" ] && echo "==> $f" && head -c {MAX_FILE_BYTES} "$f" '
    f"| grep -avE '^[[:space:]]*(#|$)' | {_SILENT_MYSQL}; done; "
    "for d in hourly daily weekly monthly; do "
    'for f in /etc/cron.$d/*; do [ -f "$f" ] && echo "==> $f"; done; done; true'
)
_TIMERS = (
    "systemctl show --no-pager "
    "--property=Id,Unit,TimersCalendar,TimersMonotonic,UnitFileState,FragmentPath '*.timer'"
)
_BACKUP_FILES = (
    "ls -d /etc/borgmatic /etc/borgmatic.d/* /root/.config/borgmatic /etc/restic* "
    "/etc/resticprofile /etc/rsnapshot.conf /etc/bacula/bacula-fd.conf /etc/bareos "
    "/etc/bareos/bareos-fd.conf /etc/backup.d/* /etc/duply /root/.duply /etc/rdiff-backup* "
    "/etc/backuppc /etc/urbackup /etc/veeam /etc/proxmox-backup* /etc/autopostgresqlbackup* "
    "/etc/default/automysqlbackup /etc/rear /root/.config/rclone /etc/rsyncd.conf "
    "/usr/bin/restic /usr/bin/borg "
    "/usr/bin/rsnapshot /usr/bin/duplicity /usr/bin/rclone 2>/dev/null; true"
)

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        # The slow ones first: several run at a time.
        "updates": _program("apt", _APT),
        "owners": _program("dpkg", _PACKAGES_OF),
        "addresses": "command -v ip >/dev/null && ip -j addr || hostname -I",
        "advertisements": "cd /proc/sys/net/ipv6/conf 2>/dev/null && grep -H . */accept_ra; true",
        "routes": _program("ip", "ip -j route; ip -j -6 route"),
        "sockets": "command -v ss >/dev/null && exec ss -H -tulpn; "
        'for p in tcp tcp6 udp udp6; do echo "proc $p"; cat /proc/net/$p; done 2>/dev/null; true',
        # ss(8) would load a module for these; they name no programs.
        "raw": "cat /proc/net/raw /proc/net/raw6 2>/dev/null; true",
        "port_ranges": _PORT_RANGES,
        "connections": _program("ss", "ss -H -tn state established | head -5000"),
        "processes": _program("ss", _PROCESSES),
        "wireguard": _WIREGUARD,
        "openvpn": _OPENVPN,
        "release": "cat /etc/os-release",
        "kernel": "uname -nrm; cat /proc/sys/net/ipv4/ip_forward "
        "/proc/sys/net/ipv6/conf/all/forwarding 2>/dev/null; true",
        "virtualisation": _program(
            "systemd-detect-virt", "systemd-detect-virt --container; systemd-detect-virt --vm; true"
        ),
        "python": _program("python3", "python3 -IS -c 'import sys; print(sys.version.split()[0])'"),
        "passwd": "sed 's/:[^:]*:/::/' /etc/passwd",
        "group": "sed 's/:[^:]*:/::/' /etc/group",
        "shadow": _SHADOW,
        "name_sources": "cat /etc/nsswitch.conf",
        "authorized_keys": _KEYS,
        "sudoers": _files(
            "/etc/sudoers",
            _SUDOERS_INCLUDED,
            filtered=f'head -c {MAX_FILE_BYTES} "$f"',
        ),
        "sshd": _program("sshd", _SSHD),
        "logged_in": "who 2>/dev/null; true",
        "nft": _LOADED + _program("nft", "loaded nf_tables || exit 0; nft -s list ruleset"),
        "iptables": _LOADED + "for c in iptables ip6tables; do "
        'command -v $c-nft-save >/dev/null && loaded nf_tables && echo "==> $c-nft" '
        "&& $c-nft-save; "
        "grep -qs . /proc/net/${c%tables}_tables_names "
        '&& command -v $c-legacy-save >/dev/null && echo "==> $c-legacy" && $c-legacy-save; '
        "done 2>/dev/null; true",
        "ufw": _files(
            "/etc/ufw/ufw.conf",
            "/etc/default/ufw",
            "/etc/ufw/user.rules",
            "/etc/ufw/user6.rules",
            filtered=f"head -c {MAX_FILE_BYTES} \"$f\" | grep -aE '^(ENABLED|DEFAULT_|### tuple)'",
        ),
        "firewalld": _program(
            "firewall-cmd",
            "systemctl is-active -q firewalld || exit 0; "
            "PYTHONDONTWRITEBYTECODE=1 firewall-cmd --list-all-zones",
        ),
        "fail2ban": _program(
            "fail2ban-client",
            "[ -S /run/fail2ban/fail2ban.sock ] || exit 0; "
            "PYTHONDONTWRITEBYTECODE=1 fail2ban-client status",
        ),
        "docker": _docker("docker ps --no-trunc --format '{{json .}}'"),
        "docker_networks": _docker(
            "docker network inspect $(docker network ls -q) --format "
            "'{{.Name}} {{.Driver}} {{range .IPAM.Config}}{{.Subnet}} {{end}}'"
        ),
        "podman": "cat /var/lib/containers/storage/overlay-containers/containers.json "
        "2>/dev/null; true",
        "podman_networks": "grep -hsE '\"(name|driver|subnet)\"' "
        "/etc/containers/networks/*.json; true",
        "nginx": _files(_WEB_FILES[0]),
        "apache": _files(_WEB_FILES[1]),
        "certificates": _CERTIFICATES,
        "postgresql": _POSTGRESQL,
        "mysql": _MYSQL,
        "samba": _files("/etc/samba/smb.conf", "/var/lib/samba/usershares/*"),
        "exports": _files("/etc/exports", "/etc/exports.d/*.exports"),
        "resolver": _files("/etc/resolv.conf", "/etc/hosts"),
        "time": _files(
            "/etc/chrony/chrony.conf",
            "/etc/chrony/conf.d/*",
            "/etc/chrony/sources.d/*",
            "/etc/systemd/timesyncd.conf",
            "/etc/systemd/timesyncd.conf.d/*",
            "/etc/ntpsec/ntp.conf",
            "/etc/ntp.conf",
        )
        + "; readlink /etc/localtime | sed 's/^/localtime /'",
        "units": _program(
            "systemctl",
            "systemctl list-units --no-pager --no-legend --plain --type=service --state=running",
        ),
        "timers": _program("systemctl", _TIMERS),
        "cron": _CRON,
        "mounts": "cat /proc/self/mounts",
        "disks": _program("df", "df -klPT"),
        "backups": _BACKUP_FILES,
        "packages": _program("dpkg-query", "dpkg-query -W -f '${db:Status-Abbrev} ${Package}\\n'"),
    }
)
"""One row a subject."""

NOT_IN_LOOKS = frozenset({"updates", "owners"})
"""What a look need not know again: it costs a second of the host's time, and is no drift."""


def commands_of_look() -> Mapping[str, str]:
    """Return what a look asks: all but what is no drift."""
    return {key: command for key, command in COMMANDS.items() if key not in NOT_IN_LOOKS}


OF_IMPACT = frozenset(
    {
        *("addresses", "advertisements", "sockets", "connections", "processes", "kernel"),
        *("raw", "port_ranges"),
        *("passwd", "group", "shadow", "authorized_keys", "sudoers", "name_sources"),
        "sshd",
        *("wireguard", "openvpn"),
        *("nft", "iptables", "docker", "docker_networks", "podman", "podman_networks"),
    }
)
"""What it takes to say whom and what a level would cut off."""


def commands_of_impact() -> Mapping[str, str]:
    """Return what is asked before a host is changed."""
    return {key: command for key, command in COMMANDS.items() if key in OF_IMPACT}
