"""The benchmark's programs compute what they claim, and docs/speed.md shows what it measured."""

import json
import re
import shutil
import sys

import numpy as np
import pytest
from common import ROOT, run_code

sys.path.insert(0, str(ROOT / "benchmarks"))
import report
import run as benchmark

BENCHMARKS = ROOT / "benchmarks"
ITERATIONS = 100
RUN = """
import pathlib, runpy, sys
program = sys.argv[1]
sys.path.insert(0, str(pathlib.Path(program).parent))
sys.argv = [program, sys.argv[2], "problem.npz", "result.npz"]
runpy.run_path(program, run_name="__main__")
"""


@pytest.mark.parametrize(
    ("file", "variant"),
    [
        ("gist.py", "plain"),
        ("numpy_gru.py", "tf1"),
        ("c_gru.py", "plain"),
        pytest.param("ours.py", "session", marks=pytest.mark.torture),
        ("ours.py", "compiled"),
    ],
)
def test_a_program_reaches_tensorflow_1_3_0s_losses(file, variant, tmp_path, figure):
    if file == "c_gru.py" and not shutil.which("gcc"):
        pytest.skip("gcc is not installed")
    expected = benchmark.save_the_tutorials_problem(tmp_path / "problem.npz", ITERATIONS)

    run_code(RUN, BENCHMARKS / "programs" / file, variant, cwd=tmp_path)

    with np.load(tmp_path / "result.npz") as result:
        losses = np.stack([result["train_losses"], result["validation_losses"]])
        deviation = benchmark.deviation(losses, expected)
        figure(f"{file}, {variant}: losses deviate by {deviation:.1e}")
        assert deviation < 1e-13
        assert result["marks"][-1, 0] == ITERATIONS


def test_the_page_on_speed_shows_the_saved_results():
    results = json.loads((BENCHMARKS / "results" / "results.json").read_text())
    page = (ROOT / "docs" / "speed.md").read_text(encoding="utf-8")

    assert report.ratio_table(results) in page
    assert report.compared_table(results) in page
    for name, version in results["machine"]["versions"].items():
        assert re.search(rf"\b{name}\b \(?{re.escape(version)}", page, re.IGNORECASE), name


def test_ratios_are_taken_round_by_round():
    def of(*rates):
        return [{"rate": rate, "seconds": 10 / rate, "set_up": 1, "memory": 100} for rate in rates]

    results = {"programs": {report.GIST: of(1, 2, 10), report.OURS: of(20, 50, 100)}}

    table = report.ratio_table(results).splitlines()

    assert table[2] == f"| {report.GIST} | 1.00 | 1.00 to 1.00 | 0.05 | 1.00 | 1.00 | 1.00 |"
    assert table[3] == f"| {report.OURS} | 20.00 | 10.00 to 25.00 | 1.00 | 1.00 | 0.05 | 1.00 |"
