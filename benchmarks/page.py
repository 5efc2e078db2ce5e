"""How fast the laboratory trains in Chromium, compared with the tutorial's loop on TensorFlow.

    python benchmarks/page.py

The two train in turn, 5,000 iterations with seed 0, and the ratios of their speeds are printed. It
needs Chromium, ChromeDriver and selenium, which the extra [browser] brings.
"""

import re
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from run import Program, run_once, save_the_tutorials_problem
from selenium import webdriver

PAGE = Path(__file__).parents[1] / "docs" / "index.html"
ROUNDS, ITERATIONS = 2, 5000


def rate_in_chromium():
    """Train in the laboratory; return the iterations per second from its first report on."""
    options = webdriver.ChromeOptions()
    with tempfile.TemporaryDirectory() as directory:
        flags = f"headless no-sandbox disable-gpu no-first-run user-data-dir={directory}"
        for flag in [*flags.split(), "window-size=1280,800"]:
            options.add_argument(f"--{flag}")
        with webdriver.Chrome(
            options, webdriver.ChromeService(shutil.which("chromedriver"))
        ) as page:
            page.get(f"{PAGE.as_uri()}#train&go=1")
            marks = []
            while not marks or marks[-1][0] < ITERATIONS:
                text = page.find_element("css selector", ".progress").text
                if found := re.match(r"Iteration ([\d,]+)|([\d,]+) iterations", text):
                    done = int((found[1] or found[2]).replace(",", ""))
                    marks.append((done, time.perf_counter()))
                time.sleep(0.1)
    (first, start), (last, end) = next(mark for mark in marks if mark[0] > 0), marks[-1]
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
