"""The id of a run: what a host's records and the state's logs call it."""

import secrets
from datetime import UTC, datetime

# In the environment of ansible-playbook: the run that it is part of.
VARIABLE = "BASTIDE_RUN"


def new_run() -> str:
    """Return an id that sorts by time, such as 20261127T161500Z-3fa9."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
