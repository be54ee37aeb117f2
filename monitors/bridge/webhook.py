"""A message to a webhook: Alertmanager's own JSON, as it came."""

from inventory.model.channels import Webhook
from monitors.bridge.posting import post


def send(webhook: Webhook, secret: str | None, body: bytes) -> str:
    """Hand Alertmanager's body on; return why it was not taken, or nothing."""
    login = {"Authorization": f"Bearer {secret}"} if secret else {}
    return post(webhook.url, body, {"Content-Type": "application/json", **login})
