"""Reads the configurations of an estate's network gear, and keeps what changed."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from inventory.connections import device_connection
from inventory.entries import InventoryDevice, devices
from inventory.model.configuration import Configuration
from inventory.model.estate import Estate
from inventory.outputs import Outputs
from inventory.secrets import MARKS, SecretError, resolve
from monitors.configurations.marks import Marker
from monitors.configurations.platforms import leave_out
from monitors.configurations.reading import Bounds, Reader, ReadingError
from monitors.configurations.records import Record, read_record, repository_folder, write_record
from monitors.configurations.redaction import DoubtError, Redactor
from monitors.configurations.repository import Change, Repository, RepositoryError
from monitors.ssh.failures import SshError
from monitors.ssh.terminal import Credentials, open_terminal
from monitors.ssh.transport import Way
from monitors.workers import workers

AT_ONCE = 8
BOUNDS = Bounds()


@dataclass(frozen=True, slots=True)
class Kept:
    """A device whose configuration is read, and under which path it is kept."""

    entry: InventoryDevice
    configuration: Configuration

    @property
    def name(self) -> str:
        """The device's full name."""
        return self.entry.name

    @property
    def path(self) -> str:
        """Its file in the repository: MUNICIPALITY/DEVICE.conf."""
        return f"{self.entry.tenant.id}/{self.name}.conf"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a device's configuration was not kept: a word for programs, a sentence for people."""

    kind: str
    problem: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to for one device: a change, none, or why nothing was kept."""

    kept: Kept
    record: Record
    change: Change | None = None


def expected(estate: Estate) -> tuple[Kept, ...]:
    """Return the devices whose configuration is to be kept."""
    return tuple(
        Kept(entry, entry.device.configuration)
        for entry in devices(estate)
        if entry.device.configuration
    )


@dataclass(frozen=True, slots=True)
class Saver:
    """Keeps configurations below a state folder; `key` is the private key for jump hosts."""

    state: Path
    outputs: Outputs | None = None
    key: Path | None = None
    bounds: Bounds = BOUNDS

    def save(self, wanted: Sequence[Kept], tell: Callable[[Outcome], None]) -> Iterator[Outcome]:
        """Yield what each device came to; raises RepositoryError before anything is asked."""
        repository = Repository(repository_folder(self.state))
        marks = resolve(MARKS, self.state).encode()
        with repository.locked(), workers(AT_ONCE) as pool:
            found = pool.map(lambda kept: self._read(kept, marks), wanted)
            for kept, text in zip(wanted, found, strict=True):
                outcome = self._keep(repository, kept, text)
                tell(outcome)
                yield outcome

    def _read(self, kept: Kept, marks: bytes) -> str | Failure:
        """Return a device's redacted configuration; what it printed goes nowhere else."""
        said = kept.configuration
        redactor = Redactor(
            said.platform,
            Marker(marks, kept.name),
            said.secret_words,
            frozenset(said.not_secret),
        )
        try:
            return redactor.redact(leave_out(said.platform, self._printed(kept)))
        except SshError as error:
            return Failure(error.failure.kind.value, error.failure.problem)
        except SecretError as error:
            return Failure("secret", str(error))
        except ReadingError as error:
            return Failure("not-whole", f"not stored: {error}")
        except DoubtError as error:
            return Failure("doubt", str(error))

    def _printed(self, kept: Kept) -> str:
        said = kept.configuration
        way = device_connection(kept.entry, said, self.state, self.outputs, self.key)
        password, key = (
            resolve(reference, self.state) if reference else None
            for reference in (said.ssh.password, said.ssh.private_key)
        )
        # A reader has bounds of its own, lower than this.
        limits = Way(received_bytes=2 * self.bounds.octets)
        with closing(open_terminal(way, Credentials(password, key), limits)) as terminal:
            return Reader(terminal, said.platform, self.bounds).read()

    def _keep(self, repository: Repository, kept: Kept, text: str | Failure) -> Outcome:
        now, before = datetime.now(UTC), read_record(self.state, kept.name)
        succeeded, changed = (before.succeeded, before.changed) if before else (None, None)
        change = None
        if isinstance(text, str):
            try:
                first = not repository.versions(kept.path, most=1)
                change = repository.keep(kept.path, text)
                succeeded, changed = now, now if change and not first else changed
            except RepositoryError as error:
                text = Failure("repository", str(error))
        failure = text if isinstance(text, Failure) else Failure("", "")
        record = Record(
            tried=now,
            succeeded=succeeded,
            changed=changed,
            kind=failure.kind,
            problem=failure.problem,
        )
        write_record(self.state, kept.name, record)
        return Outcome(kept, record, change)
