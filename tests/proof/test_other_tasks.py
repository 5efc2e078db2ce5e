"""examples/other_tasks.py, for one task and one seed."""

import runpy

from common import ROOT

SCRIPT = ROOT / "examples" / "other_tasks.py"


def test_a_network_learns_to_compare_and_is_proved_right(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    runpy.run_path(str(SCRIPT))["main"]("gru", 1, ["comparison"])

    out = capsys.readouterr().out
    assert out.startswith("comparison: 1 of 1 learnt, 1 proved\n")
    assert out.endswith("| comparison | 1 | 1 | 0 | 0 |\n")
    assert (tmp_path / "runs" / "tasks" / "gru-comparison-0.png").stat().st_size > 10_000
