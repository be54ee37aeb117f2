"""Which kernel parameters would change: patterns filled in, the last line of one counting."""

import io
import json
import runpy
from pathlib import Path

import pytest

from tests.playbooks.ansible import ROLES

PROGRAM = ROLES / "hardening" / "files" / "predict_parameters.py"
SETTINGS = """\
# a comment = 1
-net.ipv4.ip_forward = 0
-net.ipv4.conf.*.rp_filter = 1
-net.ipv4.conf.eth0.rp_filter = 2
-not.there = 1
kernel.sysrq=0
"""


def test_what_differs_is_told_with_both_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    values = {
        "net/ipv4/ip_forward": "1\n",
        "net/ipv4/conf/eth0/rp_filter": "0\n",
        "net/ipv4/conf/lo/rp_filter": "1\n",
        "kernel/sysrq": "438\n",
    }
    for name, value in values.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(value)
    main = runpy.run_path(str(PROGRAM))["main"]
    monkeypatch.setitem(main.__globals__, "KERNEL", tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO(SETTINGS))

    main()

    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"parameter": "net.ipv4.ip_forward", "before": "1", "after": "0"},
        {"parameter": "net.ipv4.conf.eth0.rp_filter", "before": "0", "after": "2"},
        {"parameter": "kernel.sysrq", "before": "438", "after": "0"},
    ]
