"""What docs/notifications.md shows can be written so."""

import re
from pathlib import Path

import pytest
import yaml

from inventory.model.notify import Notify

PAGE = Path(__file__).resolve().parents[2] / "docs" / "notifications.md"
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_valid(example: str) -> None:
    channels = yaml.safe_load(EXAMPLES[0])["notify"]["channels"]
    notify = Notify.model_validate({"channels": channels, **yaml.safe_load(example)["notify"]})
    named = {name for route in notify.routes for name in route.to}
    assert named <= {channel.id for channel in notify.channels}


def test_every_kind_of_channel_has_an_example() -> None:
    shown = yaml.safe_load(EXAMPLES[0])["notify"]["channels"]
    kinds = {key for channel in shown for key in channel} - {"id", "fallback"}
    assert kinds == {"mail", "webhook", "matrix", "ntfy", "telegram", "sms"}
