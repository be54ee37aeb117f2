"""The lab: real Debian hosts and simulated devices on one machine, for an estate's `lab` provider.

`preflight` says what is missing, `teardown` removes all of an estate, `stop` and `start` are for
rehearsals; everything else is made by the Pulumi provider through the modules here.
"""

from infra.lab.place import Lab, lab_of
from infra.lab.problems import LabError, Problem
from infra.lab.teardown import teardown

__all__ = ["Lab", "LabError", "Problem", "lab_of", "teardown"]
