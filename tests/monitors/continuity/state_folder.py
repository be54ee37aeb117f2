"""A state folder filled as the playbooks and the audits fill it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from inventory.load import find_estate, load_estate
from inventory.model.estate import Estate
from monitors.audit.archive.bundles import keep
from monitors.audit.facts.system import KEPT
from monitors.collection.bundle import Bundle, RecordedCommand, pack
from monitors.continuity.host_status import BUCKETS, STATUS

CASES = Path(__file__).parent / "cases"
HOST, PLAN = "velgora-app", "permits"
NOW = datetime.now(UTC).replace(microsecond=0)


def lab_estate() -> Estate:
    """Return the shipped lab estate: four plans on four hosts."""
    return load_estate(find_estate("lab"))


def with_second_targets() -> Estate:
    """Return the lab whose towns name a second target."""
    lab = lab_estate()
    towns = (town.model_copy(update={"second_target": "far-vault"}) for town in lab.municipalities)
    return lab.model_copy(update={"municipalities": tuple(towns)})


def ago(**length: float) -> datetime:
    """Return a time before now."""
    return NOW - timedelta(**length)


def put_drill(state: Path, started: datetime, **changed: Any) -> Path:
    """Keep a drill result, by default one that succeeded."""
    result = json.loads((CASES / "drills" / "good.json").read_text())
    finished = started + timedelta(seconds=7)
    result |= {"started": started.isoformat(), "finished": finished.isoformat(), **changed}
    folder = state / "drills"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{started:%Y%m%dT%H%M%SZ}-{result['host']}-{result['plan']}.json"
    path.write_text(json.dumps(result))
    return path


def put_failed_drill(state: Path, started: datetime, **changed: Any) -> Path:
    """Keep the result of a drill that found no snapshot."""
    failed: dict[str, Any] = {"depth": None, "rto_seconds": None, "rpo_seconds": None, "steps": []}
    return put_drill(state, started, ok=False, error="no snapshot", **failed, **changed)


def put_bundle(
    state: Path, collected: datetime, status: str, *, owner: str = "root", host: str = HOST
) -> Path:
    """Keep an audit bundle with the status that the host's timer wrote of its backups."""
    return put_kept(state, collected, STATUS, status, owner=owner, host=host)


def put_buckets(
    state: Path, newest: datetime | None, host: str, bucket: str, *, by: str, owner: str = "root"
) -> Path:
    """Keep an audit bundle of a target that has put a host's copy into a bucket."""
    came = newest.timestamp() if newest else None
    copy = {"host": host, "plan": PLAN, "target": bucket, "newest": came, "snapshots": 3}
    text = json.dumps({"at": NOW.timestamp(), "copies": [copy]}, indent=1)
    return put_kept(state, NOW, BUCKETS, text, owner=owner, host=by)


def put_kept(
    state: Path, collected: datetime, file: str, text: str, *, owner: str, host: str
) -> Path:
    """Keep an audit bundle with a file that a timer on the host wrote."""
    lines = (f"{file}:{line}" for line in text.splitlines())
    stdout = "\n".join([f"{collected.timestamp():.0f}", f"{file} {owner} 644", *lines])
    recorded = RecordedCommand(command=KEPT, rc=0, stdout=stdout, stderr="", seconds=1)
    bundle = Bundle(
        collector=1,
        commands_sha256="0" * 64,
        host=host,
        clock=collected.timestamp(),
        recorded=(recorded,),
    )
    return keep(pack(bundle), state, host, collected)


def status_text(snapshot: datetime | None, *, host: str = HOST, error: str | None = None) -> str:
    """Return what bastide-backup prints about one plan."""
    newest = {"id": "b0116522", "time": snapshot.isoformat(), "snapshots": 3} if snapshot else None
    plan = {"plan": PLAN, "snapshot": newest, "error": error, "last_run": {}}
    return json.dumps({"host": host, "at": ago(minutes=1).isoformat(), "plans": [plan]})
