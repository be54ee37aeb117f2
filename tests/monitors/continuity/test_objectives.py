"""What every backup plan must keep to, by its services' class and its municipality's tier."""

from dataclasses import asdict

import pytest

from inventory.enums import Continuity
from inventory.model.estate import Estate
from monitors.continuity.objectives import backup_objectives
from tests.monitors.continuity.state_folder import lab_estate

DAY_SECONDS = 86_400
HOUR_SECONDS = 3600


def of(estate: Estate, host: str) -> dict[str, object]:
    (objectives,) = (o for o in backup_objectives(estate) if o.host == host)
    return asdict(objectives)


def with_continuity(estate: Estate, *classes: Continuity) -> Estate:
    """Velgora's service once for each class, all on its one application server."""
    towns = []
    for town in estate.municipalities:
        if town.municipality == "velgora":
            service = town.services[0]
            services = tuple(
                service.model_copy(update={"id": f"service-{n}", "continuity": kind})
                for n, kind in enumerate(classes)
            )
            towns.append(town.model_copy(update={"services": services}))
        else:
            towns.append(town)
    return estate.model_copy(update={"municipalities": tuple(towns)})


def test_a_plan_has_its_names_and_the_objectives_of_its_service() -> None:
    assert of(lab_estate(), "velgora-app") == {
        "municipality": "velgora",
        "host": "velgora-app",
        "plan": "permits",
        "target": "central-vault",
        "second_target": None,
        "in_bucket": False,
        "continuity": Continuity.B,
        "rpo_seconds": 26 * HOUR_SECONDS,
        "rto_seconds": 24 * HOUR_SECONDS,
        "every_seconds": DAY_SECONDS,
        "drill_every_seconds": 30 * DAY_SECONDS,
        "keep_seconds": 90 * DAY_SECONDS,
    }


def test_a_host_without_a_service_is_of_class_c() -> None:
    files = of(lab_estate(), "velgora-files")
    assert (files["rpo_seconds"], files["rto_seconds"]) == (50 * HOUR_SECONDS, 72 * HOUR_SECONDS)


@pytest.mark.parametrize(
    "classes",
    [
        (Continuity.A, Continuity.C),
        (Continuity.C, Continuity.B, Continuity.A),
    ],
)
def test_of_several_services_the_most_demanding_counts(classes: tuple[Continuity, ...]) -> None:
    app = of(with_continuity(lab_estate(), *classes), "velgora-app")
    assert (app["rpo_seconds"], app["rto_seconds"]) == (4 * HOUR_SECONDS, 4 * HOUR_SECONDS)


def test_smaller_municipalities_drill_more_seldom() -> None:
    days = {
        o.municipality: o.drill_every_seconds / DAY_SECONDS for o in backup_objectives(lab_estate())
    }
    assert days == {"velgora": 30, "kastrava": 60, "aynzuhur": 90}


def test_the_central_site_drills_as_often_as_a_city() -> None:
    estate = lab_estate()
    plan = next(h for h in estate.municipalities[0].hosts if h.backups).backups
    first, *others = estate.central.hosts
    central = estate.central.model_copy(
        update={"hosts": (first.model_copy(update={"backups": plan}), *others)}
    )
    objectives = of(estate.model_copy(update={"central": central}), f"central-{first.id}")
    assert objectives["municipality"] == "central"
    assert objectives["drill_every_seconds"] == 30 * DAY_SECONDS
