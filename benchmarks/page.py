"""How fast the laboratory trains in Chromium, compared with the tutorial's loop on TensorFlow.

    python benchmarks/page.py

The two train in turn, 5,000 iterations with seed 0, and the ratios of their speeds are printed. It
needs Chromium, ChromeDriver and selenium, which the extra [browser] brings.
"""

import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

from run import Program, run_once, save_the_tutorials_problem

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests" / "helpers"))
from chromium import chromium

PAGE = ROOT / "docs" / "index.html"
ROUNDS, ITERATIONS = 2, 5000


def rate_in_chromium():
    """Train in the laboratory; return the iterations per second from its first report on."""
    with tempfile.TemporaryDirectory() as directory, chromium(directory) as page:
        page.get(f"{PAGE.as_uri()}#train&go=1")
        marks = []
        while not marks or marks[-1][0] < ITERATIONS:
            text = page.find_element("css selector", ".progress").text
            if found := re.match(r"Iteration (\d+)", text):
                marks.append((int(found[1]), time.perf_counter()))
            time.sleep(0.1)
    (first, start), (last, end) = marks[0], marks[-1]
    return (last - first) / (end - start)


def main():
    ratios = []
    with tempfile.TemporaryDirectory() as directory:
        problem = Path(directory, "problem.npz")
        save_the_tutorials_problem(problem, ITERATIONS)
        for _ in range(ROUNDS):
            gist = run_once(Program("gist.py", "plain"), problem)[-1]["rate"]
            ratios.append(rate_in_chromium() / gist)
            print(f"this round: {ratios[-1]:.2f}", flush=True)
    middle = statistics.median(ratios)
    print(
        f"the laboratory, in Chromium, trains {middle:.1f} times as fast as the tutorial's loop "
        f"({min(ratios):.1f} to {max(ratios):.1f})"
    )


if __name__ == "__main__":
    main()
