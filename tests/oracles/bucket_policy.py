"""The policy of a bucket that docs/continuity.md gives, which is the one that tests prove."""

import json
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "continuity.md"


def documented_policy(bucket: str, writer: str, reader: str) -> str:
    """Return the documented policy with the names of a bucket and of its two accounts."""
    (text,) = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    for word, name in (("BUCKET", bucket), ("WRITER", writer), ("READER", reader)):
        text = text.replace(f'"{word}"', f'"{name}"').replace(f":::{word}", f":::{name}")
    return json.dumps(json.loads(text))
