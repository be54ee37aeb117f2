"""The state file: how a test or a trainee pulls a cable or the mains plug."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.lab.agent.objects import Moment

log = logging.getLogger(__name__)


class State(BaseModel):
    """What has been done to the device: ``{"on_battery": true, "ports_down": [3]}``.

    ``charge_percent`` sets the charge instead of letting it follow from the time on battery.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    on_battery: bool = False
    charge_percent: int | None = Field(default=None, ge=0, le=100)
    ports_down: frozenset[int] = frozenset()


class Control:
    """Follows the state file and gives the moment at which objects are read.

    A file that is missing means an undisturbed device; one that cannot be understood is
    logged and leaves the last state in force.
    """

    def __init__(
        self, path: Path | None, boots: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Start the device's uptime now."""
        self._path, self._boots, self._clock = path, boots, clock
        self._started = clock()
        self._stamp: tuple[int, int] | None = None
        self._state = State()
        self._battery_since = 0.0
        self._down_since: dict[int, float] = {}
        self._downtime: dict[int, float] = {}

    def moment(self) -> Moment:
        """The present moment, after a look at the state file."""
        uptime = self._clock() - self._started
        self._follow(uptime)
        battery = self._state.on_battery
        return Moment(
            uptime=uptime,
            boots=self._boots,
            on_battery=battery,
            battery_seconds=uptime - self._battery_since if battery else 0.0,
            charge_percent=self._state.charge_percent,
            ports_down=self._down_since,
            downtime=self._downtime,
        )

    def _follow(self, uptime: float) -> None:
        if self._path is None:
            return
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp == self._stamp:
                return
            self._stamp = stamp
            self._apply(State.model_validate_json(self._path.read_bytes()), uptime)
        except FileNotFoundError:
            self._stamp = None
            self._apply(State(), uptime)
        except (OSError, ValidationError) as error:
            log.warning("%s: ignored, the last state stays: %s", self._path, error)

    def _apply(self, new: State, uptime: float) -> None:
        if new.on_battery and not self._state.on_battery:
            self._battery_since = uptime
        for port in new.ports_down - self._down_since.keys():
            self._down_since[port] = uptime
        for port in self._down_since.keys() - new.ports_down:
            lost = uptime - self._down_since.pop(port)
            self._downtime[port] = self._downtime.get(port, 0.0) + lost
        self._state = new
