"""`commit_confirmed apply | confirm ID | revert`: a change that ends unless it is confirmed.

`apply` reads a plan as JSON, makes the change under a timer of the host and prints its id, or
nothing when all is as wanted. `confirm` keeps it. `revert` puts everything back: by the timer, at
boot, or by hand on the host's own console. `put-back FILE` is a command of a plan, and puts back
what runs have kept. Exit 1: not made or not kept, with why.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import snapshot
from change import ChangeError, Changes, apply, confirm, revert

TIMER = "bastide-revert"
PROGRAM = Path(__file__).parent


def arm(identity: str, seconds: int) -> None:
    """Have systemd revert the change after that time, whatever becomes of us."""
    disarm()
    command = [sys.executable, "-IB", str(PROGRAM), "revert", "--unconfirmed", identity]
    timer = [f"--on-active={seconds}", "--timer-property=AccuracySec=1s", f"--unit={TIMER}"]
    try:
        subprocess.run(["systemd-run", "--quiet", "--collect", *timer, *command], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ChangeError(f"no timer could be set ({error}); nothing was changed") from None


def disarm() -> None:
    """Stop the timer."""
    stop = ["systemctl", "--quiet", "stop", f"{TIMER}.timer"]
    subprocess.run(stop, check=False, stderr=subprocess.DEVNULL)


def main(arguments: list[str]) -> int:
    """Do what the arguments say."""
    changes = Changes()
    try:
        # Its caller has the lock.
        if len(arguments) == 2 and arguments[0] == "put-back":
            put_back(Path(arguments[1]))
            return 0
        with changes.locked():
            if arguments == ["apply"]:
                identity = apply(changes, sys.stdin.read(), arm)
                if identity is None:
                    return 0
                print(identity)
            elif len(arguments) == 2 and arguments[0] == "confirm":
                confirm(changes, arguments[1])
                disarm()
            elif arguments[:1] == ["revert"]:
                print(reverted(changes, arguments[1:]))
            else:
                print(__doc__, file=sys.stderr)
                return 2
    except (ChangeError, snapshot.NotRestoredError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def put_back(file: Path) -> None:
    """Put back the states of a JSON file, each list with the folder that has their bytes."""
    for kept in json.loads(file.read_text(encoding="utf-8")):
        snapshot.put_back(map(snapshot.of_json, kept["states"]), Path(kept["folder"]))


def reverted(changes: Changes, options: list[str]) -> str:
    """Revert for the timer, at boot, or by hand; the timer's own change only."""
    if options[:1] == ["--unconfirmed"] and changes.pending_id() != options[1]:
        return "ended meanwhile"
    if options == ["--booting"]:
        return revert(changes, "the host was started before it was confirmed", booting=True)
    by_timer = options[:1] == ["--unconfirmed"]
    if not by_timer:
        disarm()
    return revert(changes, "nobody confirmed it in time" if by_timer else "by hand")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
