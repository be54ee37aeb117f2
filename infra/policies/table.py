"""The policies: what must hold before provisioning changes anything."""

from infra.policies.estate_checks import (
    copies_on_their_site,
    nobody_to_ask,
    open_management,
    too_large,
)
from infra.policies.model import Policy, Strength
from infra.policies.plan_checks import data_lost

POLICIES: tuple[Policy, ...] = (
    Policy(
        "INF-01",
        "A backup has a copy away from its source's site",
        Strength.ADVISORY,
        copies_on_their_site,
    ),
    Policy(
        "INF-02",
        "No management port is open to the world",
        Strength.MANDATORY,
        open_management,
    ),
    Policy("INF-03", "Every host has an owner to ask", Strength.ADVISORY, nobody_to_ask),
    Policy("INF-04", "No machine is far larger than its tier's", Strength.MANDATORY, too_large),
    Policy("INF-05", "What has data is not deleted", Strength.MANDATORY, data_lost(lab=False)),
    Policy(
        "INF-06", "A lab machine with data is not deleted", Strength.ADVISORY, data_lost(lab=True)
    ),
)
