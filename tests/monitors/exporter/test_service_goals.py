"""Goals of services, and whether now counts for them, as Prometheus reads them."""

from datetime import UTC, datetime

import pytest

from inventory.model.estate import Estate
from inventory.model.service_hours import ServiceHours
from monitors.exporter.service_goals import collect
from monitors.exporter.silence_keeper import SilenceKeeper
from tests.monitors.audit.estates import lab
from tests.monitors.exporter.exporter_client import parsed_by_promtool
from tests.monitors.exposed import exposed

PERMITS = '{host="velgora-app",municipality="velgora",service="velgora-permits"}'
MONDAYS = ServiceHours.model_validate(
    {"timezone": "Etc/UTC", "open": [{"days": ["monday"], "start": "08:00", "end": "16:00"}]}
)


def open_on_mondays() -> Estate:
    """The lab, whose permit register has hours."""
    towns = [
        town.model_copy(
            update={
                "services": tuple(s.model_copy(update={"hours": MONDAYS}) for s in town.services)
            }
        )
        for town in lab().municipalities
    ]
    return lab().model_copy(update={"municipalities": tuple(towns)})


@pytest.mark.parametrize(("moment", "value"), [("2027-01-18T08:00", 1), ("2027-01-18T16:00", 0)])
def test_outside_its_hours_a_service_need_not_answer(moment: str, value: float) -> None:
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    text = exposed(collect(open_on_mondays(), now))
    parsed_by_promtool(text)
    assert f"bastide_service_open{PERMITS} {value:.1f}" in text.replace(", ", ",")


def test_a_service_without_hours_always_must_and_its_goal_is_the_inventorys() -> None:
    text = exposed(SilenceKeeper(lab, None).collect())
    parsed_by_promtool(text)
    assert f"bastide_service_open{PERMITS} 1.0" in text
    assert f"bastide_service_objective_ratio{PERMITS} 0.995" in text
