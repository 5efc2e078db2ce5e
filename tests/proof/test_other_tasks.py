"""examples/other_tasks.py, for one task and one seed."""

import runpy

from common import ROOT

from gru_addition.cells.machine import MACHINES
from gru_addition.train import Config

SCRIPT = ROOT / "examples" / "other_tasks.py"


def test_a_network_learns_to_compare_and_is_proved_right(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    script = runpy.run_path(str(SCRIPT))
    script["main"]("gru", 1, ["comparison"])

    assert script["OF_TASK"].keys() <= MACHINES.keys()
    assert all(Config(**script["CHANGES"] | changes) for changes in script["OF_TASK"].values())
    out = capsys.readouterr().out
    assert out.startswith("comparison: 1 of 1 learnt, 1 proved\n")
    assert out.endswith("| comparison | 1 | 1 | 0 | 0 |\n")
    assert (tmp_path / "runs" / "tasks" / "gru-comparison-0.png").stat().st_size > 10_000
