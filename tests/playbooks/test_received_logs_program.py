"""received-logs: when each host's newest line is from; silence keeps its date."""

import json
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.playbooks.programs import program
from tests.playbooks.stubs import Stubs, run_main

SECOND = 1_000_000


class Receiver:
    """An operations host whose journalctl is the test's."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.module: ModuleType = program("received_logs")
        self.stubs, self._patch = Stubs(folder / "bin"), patch
        self.state, self.journals = folder / "state", folder / "remote"
        for made in (self.state, self.journals):
            made.mkdir()
        self.file = self.state / "received-logs.json"
        self.metrics = folder / "metrics" / "received-logs.prom"
        patch.setenv("PATH", f"{self.stubs.folder}:/usr/bin:/bin")

    def lines(self, *entries: dict[str, Any]) -> None:
        text = "".join(json.dumps(entry) + "\n" for entry in entries)
        (self.stubs.folder / "lines").write_text(text)
        self.stubs.put(
            "journalctl", f'case "$*" in *vacuum*) ;; *) cat {self.stubs.folder}/lines;; esac'
        )

    def run(self) -> dict[str, Any]:
        run_main(self.module, self._patch, self.journals, self.state, self.metrics)
        result: dict[str, Any] = json.loads(self.file.read_text())
        return result


def line(host: Any, seconds: int) -> dict[str, Any]:
    """Return a line that came by the certificate of a town's host."""
    sender = f"{host}.town.lab.test" if isinstance(host, str) else host
    return {"BASTIDE_SENDER": sender, "__REALTIME_TIMESTAMP": str(seconds * SECOND)}


@pytest.fixture
def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Receiver:
    return Receiver(tmp_path, monkeypatch)


def test_when_the_share_cannot_be_kept_the_last_result_stays(receiver: Receiver) -> None:
    receiver.lines(line("app", 100))
    receiver.run()
    before = receiver.file.read_bytes()
    receiver.stubs.put("journalctl", "exit 1")
    with pytest.raises(subprocess.CalledProcessError):
        receiver.run()
    assert receiver.file.read_bytes() == before


@pytest.mark.parametrize("damaged", ["{", "[]", "{}", '{"hosts": 7}', "7"])
def test_a_damaged_last_result_is_none(damaged: str, receiver: Receiver) -> None:
    receiver.file.write_text(damaged)
    receiver.lines(line("app", 100))
    assert receiver.run()["hosts"] == {"town-app": 100.0}


def test_a_host_that_falls_silent_keeps_the_time_of_its_last_line(receiver: Receiver) -> None:
    receiver.lines(line("app", 100), line("files", 90))
    receiver.run()
    receiver.lines(line("app", 200))
    assert receiver.run()["hosts"] == {"town-app": 200.0, "town-files": 90.0}


def test_a_line_is_of_the_host_whose_certificate_it_came_by_whatever_it_claims(
    receiver: Receiver,
) -> None:
    claims = {"_HOSTNAME": "central-ops", "BASTIDE_HOST": "central-ops"}
    receiver.lines({**line("app", 100), **claims}, {**claims, "__REALTIME_TIMESTAMP": "1"})
    assert receiver.run()["hosts"] == {"town-app": 100.0}


def test_the_newest_line_counts_whatever_its_place(receiver: Receiver) -> None:
    receiver.lines(line("app", 100), line("app", 300), line("app", 200))
    assert receiver.run()["hosts"] == {"town-app": 300.0}


def test_a_line_without_a_host_or_with_several_is_nobodys(receiver: Receiver) -> None:
    nobody = {"__REALTIME_TIMESTAMP": "1", "BASTIDE_SENDER": "app.town"}
    receiver.lines({"__REALTIME_TIMESTAMP": "1"}, nobody, line(["a", "b"], 1), line("app", 1))
    assert receiver.run()["hosts"] == {"town-app": 1.0}


def test_the_journal_is_bounded_first_then_its_last_minutes_are_read(receiver: Receiver) -> None:
    receiver.lines()
    receiver.run()
    folder = f"--quiet --directory={receiver.journals}"
    assert receiver.stubs.calls("journalctl") == [
        f"{folder} --vacuum-size=4G --vacuum-time=180d",
        f"{folder} --since=-20min --output=json --output-fields=BASTIDE_SENDER",
    ]


def test_what_the_journals_take_on_disk_is_told(receiver: Receiver) -> None:
    receiver.lines()
    (receiver.journals / "remote-app.journal").write_bytes(bytes(10_000))
    (receiver.journals / "remote-files.journal").write_bytes(bytes(10_000))
    (receiver.journals / "notes.txt").write_bytes(bytes(10_000))
    blocks = subprocess.run(
        ["du", "-c", "--block-size=1", *receiver.journals.glob("*.journal")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert receiver.run()["bytes"] == int(blocks.stdout.split()[-2]) >= 20_000


def test_the_result_is_dated_and_written_whole(receiver: Receiver) -> None:
    receiver.lines()
    assert receiver.run()["at"] > 1_700_000_000
    assert list(receiver.state.iterdir()) == [receiver.file]


def test_the_times_are_metrics_where_there_is_a_node_exporter(receiver: Receiver) -> None:
    receiver.lines(line("app", 100), line("edge", 90))
    receiver.run()
    assert not receiver.metrics.parent.exists()
    receiver.metrics.parent.mkdir()
    receiver.run()
    samples = [row for row in receiver.metrics.read_text().splitlines() if row[0] != "#"]
    assert samples == [
        'bastide_logs_received_timestamp_seconds{name="town-app"} 100.0',
        'bastide_logs_received_timestamp_seconds{name="town-edge"} 90.0',
    ]
    assert receiver.metrics.stat().st_mode & 0o777 == 0o644
    assert list(receiver.metrics.parent.iterdir()) == [receiver.metrics]
