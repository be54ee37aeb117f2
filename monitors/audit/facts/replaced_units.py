"""Units that take the place of the distribution's, and programs that write units at each start."""

from monitors.audit.collect.backends import Host, UndeterminedError

# From where systemd reads before it reads the distribution's (systemd.unit(5)).
FOLDERS = (
    "/run/systemd/system.control /etc/systemd/system.control /run/systemd/transient "
    "/run/systemd/generator.early /etc/systemd/system /run/systemd/system "
    "/usr/local/lib/systemd/system"
)
GENERATORS = (
    "/run/systemd/system-generators /etc/systemd/system-generators "
    "/usr/local/lib/systemd/system-generators /etc/systemd/system-environment-generators "
    "/run/systemd/system-environment-generators "
    "/usr/local/lib/systemd/system-environment-generators"
)
# A unit that is masked starts nothing. A link to a unit of the distribution's that bears the other
# name itself, or between targets, is how `systemctl enable` and `set-default` work.
REPLACED = (
    f"for unit in $(find {FOLDERS} -maxdepth 1 ! -type d -size +0 2>/dev/null); do "
    "name=${unit##*/}; template=${name%%@*}@.${name##*.}; "
    "for folder in /usr/lib/systemd/system /lib/systemd/system; do "
    'for packaged in "$folder/$name" "$folder/$template"; do '
    '[ -f "$packaged" ] || continue; case $packaged in */*@.*) '
    "case $name in *@*) ;; *) continue;; esac;; esac; "
    'real=$(realpath -m "$unit"); [ -f "$real" ] && ! cmp -s "$unit" "$packaged" || break 2; '
    "case $real in /usr/lib/systemd/system/*|/lib/systemd/system/*) "
    "case $real,$name in *.target,*.target) break 2;; esac; "
    'grep -qE "^Alias=(.* )?$name( |\\$)" "$real" && break 2;; esac; '
    'echo "replaced $unit"; break 2; done; done; done; '
    f"for program in $(find {GENERATORS} -maxdepth 1 ! -type d 2>/dev/null); do "
    '[ -f "$(realpath -m "$program")" ] && echo "generator $program"; done; echo looked'
)


def replaced_units(host: Host) -> list[str]:
    """Return what takes the place of the distribution's; UndeterminedError for half an answer."""
    *rows, end = host.check_output(REPLACED).splitlines() or [""]
    if end != "looked":
        raise UndeterminedError("the host did not show its units to the end")
    kinds = {"replaced": "{} instead of the distribution's", "generator": "{} writes units"}
    return [kinds[kind].format(path) for kind, _, path in (row.partition(" ") for row in rows)]
