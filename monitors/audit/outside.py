"""The outside view of hosts that are audited: begun beside the collection, ended by its bundle."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from inventory.entries import InventoryHost
from inventory.outputs import Outputs
from monitors.audit.archive.bundles import views_since
from monitors.audit.collect.backends import Host, UndeterminedError, answering_host, from_answers
from monitors.audit.facts.outside import Answering, unaccounted_ports
from monitors.audit.facts.system import listeners
from monitors.collection.bundle import Bundle
from monitors.outside.document import OutsideView, unseen
from monitors.outside.plan import Plan, plan_of
from monitors.outside.tables import PRINTERS
from monitors.text import escaped_line

# A fail2ban counts for ten minutes, unless it was told otherwise.
RECENTLY = timedelta(minutes=10)

Look = Callable[[Plan], OutsideView]
Fact = TypeVar("Fact")


@dataclass(frozen=True, slots=True)
class PendingView:
    """A host that is being looked at."""

    plan: Plan
    look: Look
    first: "Future[OutsideView]"

    def complete(self, bundle: Bundle) -> OutsideView:
        """Return what was seen, with the ports too that only the bundle knows of."""
        try:
            view = self.first.result()
            missing = _listening(bundle) - set(self.plan.tcp_ports) - PRINTERS
            if view.problem or not missing:
                return view
            return view.with_ports(self.look(self.plan.at(missing)))
        except Exception as error:  # noqa: BLE001 (whatever a strange network provokes)
            problem = escaped_line(f"it could not be looked at: {type(error).__name__}: {error}")
            now = datetime.now(UTC)
            return unseen(self.plan.host).model_copy(update={"problem": problem, "at": now})

    def confirm(self, view: OutsideView, ports: Sequence[Answering]) -> OutsideView:
        """Return the view without those of these ports that no longer answer."""
        tcp, udp = ({p.port for p in ports if p.protocol == each} for each in ("tcp", "udp"))
        # Beside the declared way in: where not even that answers, nothing was shown to be closed.
        later = self.look(self.plan.at(tcp.union(self.plan.ssh_ports[:1]), udp))
        return view if later.problem else view.without_closed(later)


def unaccounted(bundle: Bundle, view: OutsideView) -> tuple[Answering, ...]:
    """Return what answers and that the bundle has no process for; nothing where it cannot say."""
    return _shown(bundle, lambda host: unaccounted_ports(host, view))


def begin(
    entry: InventoryHost,
    state: Path,
    outputs: Outputs,
    look: Look,
    pool: ThreadPoolExecutor,
    now: datetime,
) -> PendingView:
    """Begin to look at a host."""
    asked = any(not view.unasked for view in views_since(state, entry.name, now - RECENTLY))
    plan = plan_of(entry, state, outputs, asked_recently=asked)
    return PendingView(plan, look, pool.submit(look, plan))


def _listening(bundle: Bundle) -> set[int]:
    """Return the TCP ports that others can reach, as the host says."""
    every = _shown(bundle, listeners)
    return {each.port for each in every if each.protocol == "tcp" and not each.is_local}


def _shown(bundle: Bundle, fact: Callable[[Host], tuple[Fact, ...]]) -> tuple[Fact, ...]:
    """Return what a bundle shows of its host; nothing where it cannot: the checks say why."""
    host, _ = answering_host(bundle.host, from_answers(bundle.answers()))
    try:
        return fact(host)
    except (AssertionError, UndeterminedError, LookupError, ValueError, pytest.skip.Exception):
        return ()
