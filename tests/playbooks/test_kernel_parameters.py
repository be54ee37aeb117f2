"""Which kernel parameters would change, what they are now, and whether they run as saved."""

import io
import json
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.playbooks.ansible import ROLES

PROGRAM = ROLES / "hardening" / "files" / "kernel_parameters.py"
SETTINGS = """\
# a comment = 1
-net.ipv4.conf.eth0.rp_filter = 2
-net.ipv4.ip_forward = 0
-net.ipv4.conf.*.rp_filter = 1
-not.there = 1
kernel.sysrq=0
"""
RUNNING = {
    "net/ipv4/ip_forward": "1\n",
    "net/ipv4/conf/eth0/rp_filter": "0\n",
    "net/ipv4/conf/eth0.5/rp_filter": "1\n",
    "net/ipv4/conf/lo/rp_filter": "1\n",
    "net/ipv4/ping_group_range": "1\t0\n",
    "kernel/sysrq": "438\n",
}
Run = Callable[..., list[str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program in a mode on a kernel of the test's; return the lines that it prints."""
    for name, value in RUNNING.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(value)
    main = runpy.run_path(str(PROGRAM))["main"]
    monkeypatch.setitem(main.__globals__, "KERNEL", tmp_path)

    def run(*arguments: str, text: str = "", saved: str = "") -> list[str]:
        monkeypatch.setattr("sys.argv", ["kernel_parameters", *arguments])
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        monkeypatch.setitem(main.__globals__, "saved", saved.splitlines)
        main()
        return capsys.readouterr().out.splitlines()

    return run


@pytest.mark.parametrize("by", ["argument", "stdin"])
def test_what_differs_is_said_with_both_values(run: Run, by: str) -> None:
    lines = run("predict", SETTINGS) if by == "argument" else run("predict", text=SETTINGS)
    assert [json.loads(line) for line in lines] == [
        {"parameter": "net.ipv4.conf.eth0.rp_filter", "before": "0", "after": "2"},
        {"parameter": "net.ipv4.ip_forward", "before": "1", "after": "0"},
        {"parameter": "kernel.sysrq", "before": "438", "after": "0"},
    ]


def test_what_runs_is_a_file_that_sets_it_again_forwarding_first(run: Run) -> None:
    saved = "net.ipv4.ping_group_range = 0 2147483647\nnet/ipv4/conf/eth0.5/rp_filter = 2\n"
    assert run("running", SETTINGS, saved=saved) == [
        "-net/ipv4/ip_forward = 1",
        "-net/ipv4/conf/eth0/rp_filter = 0",
        "-net/ipv4/conf/eth0.5/rp_filter = 1",
        "-net/ipv4/conf/lo/rp_filter = 1",
        "-kernel/sysrq = 438",
        "-net/ipv4/ping_group_range = 1 0",
    ]


def test_what_runs_otherwise_than_saved_is_named(run: Run) -> None:
    assert run("differing", "kernel.sysrq = 438\n", saved="kernel.sysrq = 438\n") == []
    assert run("differing", "kernel.sysrq = 0\n", saved="kernel.sysrq = 0\n") == [
        "kernel.sysrq: 438, saved as 0"
    ]


def test_a_later_file_of_the_administrators_counts_and_parameters_of_others_do_not(
    run: Run,
) -> None:
    saved = "kernel.sysrq = 0\nkernel.sysrq = 438\nnet.ipv4.ip_forward = 0\n"
    assert run("differing", "kernel.sysrq = 0\n", saved=saved) == []
