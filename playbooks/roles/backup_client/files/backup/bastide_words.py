"""What restic and the way to the target have said, in the words of whoever has to act on it."""

import re

# What is said, what it means; `{target}` is the host that keeps the copies. The first that fits.
FULL = r"no space left on device|file too big for remaining disk space|disk quota exceeded"
REMOTE = r"^rclone: "
WORDS = (
    (
        r"bastide-vault: over its quota",
        "{target} takes nothing more in: this plan is over its quota",
    ),
    (
        r"bastide-vault: retention works",
        "{target} removes old copies of this plan now: the next run will go on",
    ),
    (REMOTE + rf".*(?:{FULL})", "the disk of {target} is full"),
    (FULL, "a disk of this host is full"),
    (
        REMOTE + r".*refusing to overwrite in append-only mode",
        "{target} keeps a part of an upload that was cut off; it removes such parts itself, hourly",
    ),
    (r"Host key verification failed", "{target} shows another host key than the pinned one"),
    (r"Permission denied \(", "{target} does not know this plan's key: configure both again"),
    (
        r"Connection (?:timed out|refused|closed|reset)|No route to host|Network is unreachable",
        "{target} cannot be reached",
    ),
    (r"LoadIndex returned errors|load <index/", "an index of the repository is damaged"),
    # restic 0.14 breaks off, with a stack, at a file that is too short to be one of its own.
    (
        r"slice bounds out of range|repository\.LoadUnpacked",
        "a file of the repository is damaged, or not restic's own",
    ),
)
# Of a Go program that broke off: where in its source it was says nothing to an administrator.
STACK = re.compile(r"\s|goroutine \d|main\.|runtime\.|github\.com/|created by |exit status \d")
LAST_LINES = 4
LONGEST_LINE = 240


def in_words(said: str, target: str) -> str:
    """Return the reason in `said`, a program's standard error, with the line that shows it."""
    lines = [line[:LONGEST_LINE] for line in said.splitlines() if line.strip()]
    for pattern, words in WORDS:
        for line in lines:
            if re.search(pattern, line, re.IGNORECASE):
                return f"{words.format(target=target)}: {line.strip()}"
    told = [line for line in lines if not STACK.match(line)] or lines
    return " / ".join(told[-LAST_LINES:])
