"""A short message by an SMS gateway: one POST a number."""

import json
from urllib.parse import urlencode

from inventory.model.channels import Gateway
from monitors.bridge.posting import post


def send(gateway: Gateway, secret: str | None, number: str, line: str) -> str:
    """Send a line to a number; return why it was not taken, or nothing."""
    fields = {gateway.number: number, gateway.text: line, **gateway.more}
    headers = {"Content-Type": "application/json"}
    if secret and gateway.token_field:
        fields[gateway.token_field] = secret
    elif secret:
        headers["Authorization"] = f"Bearer {secret}"
    body = json.dumps(fields).encode()
    if gateway.form:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode(fields).encode()
    problem = post(gateway.url, body, headers, gateway.taken)
    # Some answer with what they were asked.
    return problem.replace(secret, "SECRET") if secret else problem
