"""What policies find among the resources that would be taken away."""

import pytest

from infra.policies.model import Breach, Removal
from infra.policies.plan_checks import data_lost, has_data
from inventory.model.estate import Estate
from tests.infra.policies.estates import LAB


def lost(removal: Removal, *, lab: bool, estate: Estate = LAB) -> list[Breach]:
    return list(data_lost(lab=lab)(estate, (removal,)))


VIRTUAL = Removal("bastide:libvirt:Machine", "velgora-app", replaced=False)
OF_THE_LAB = Removal("bastide:lab:Machine", "velgora-app", replaced=False)


def test_a_machine_that_would_be_deleted_is_told_with_its_tenant() -> None:
    (breach,) = lost(VIRTUAL, lab=False)
    assert (breach.tenant, breach.problem.subject) == ("velgora", "velgora-app")
    assert breach.problem.found == "the machine would be deleted"


def test_one_that_would_be_made_anew_loses_its_data_as_well() -> None:
    replaced = Removal("bastide:proxmox:Volume", "velgora-app", replaced=True)
    assert lost(replaced, lab=False)[0].problem.found == (
        "the volume would be deleted and made anew, empty"
    )


def test_what_belongs_to_no_tenant_any_more_has_none() -> None:
    gone = Removal(VIRTUAL.type, "oldtown-app", replaced=False)
    assert lost(gone, lab=False)[0].tenant == ""


def test_the_lab_s_machines_are_a_policy_of_their_own() -> None:
    assert lost(OF_THE_LAB, lab=True)
    assert not lost(OF_THE_LAB, lab=False)
    assert not lost(VIRTUAL, lab=True)


@pytest.mark.parametrize(
    "type_",
    [
        "bastide:existing:Machine",
        "bastide:lab:Network",
        "bastide:estate:Municipality",
        "pulumi:pulumi:Stack",
        "other:libvirt:Machine",
    ],
)
def test_other_things_have_no_data_of_anybody(type_: str) -> None:
    assert not has_data(type_)
