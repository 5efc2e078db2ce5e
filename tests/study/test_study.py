"""A study measures what it says, wherever it runs, and resumes where it was stopped."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy_gru
import pytest
from common import WITH_TESTS, environment, run_from_scratch
from fake_run import fake_run
from hypothesis import given
from hypothesis import strategies as st

from gru_addition import cli
from gru_addition.cells.network import Network
from gru_addition.config import Config
from gru_addition.dataset import add_columns
from gru_addition.prove.challenge import challenge, random_pairs, structured_pairs
from gru_addition.runs.directory import alone
from gru_addition.study import RECIPES, study
from gru_addition.study.executors import local_processes
from gru_addition.study.measure import LENGTHS, OPEN_GATES, with_open_gates
from gru_addition.study.pictures import selections_figure, study_figure
from gru_addition.study.recipes import ABLATION, CHANGES, GROUPS
from gru_addition.study.report import Results, challenged, intervals, open_gates, summary
from gru_addition.support.files import DamagedError

TINY = {
    "one": {"iterations": 2, "hidden_size": 2, "engine": "session"},
    "two": {"iterations": 3, "hidden_size": 2, "engine": "session", "num_bits": 4},
}


def fake_study(path, seeds=2, run=fake_run, recipes=TINY, on_progress=None):
    with ThreadPoolExecutor(2) as executor:
        return study(recipes, seeds, path, executor, on_progress, run)


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """The measurements of a network of a few iterations, in a process on this machine."""
    with local_processes() as executor:
        return study({"one": TINY["one"]}, 1, tmp_path_factory.mktemp("study"), executor)


@given(num_bits=st.integers(3, 300), seed=st.integers(0, 1000))
def test_pairs_have_sums_that_fit(num_bits, seed):
    random_state = np.random.RandomState(seed)
    kinds = dict(structured_pairs(num_bits, random_state))

    for pairs in [random_pairs(num_bits, 20, random_state), *kinds.values()]:
        assert all(a >= 0 and b >= 0 and (a + b).bit_length() <= num_bits for a, b in pairs)
    carries = {(a + b) ^ a ^ b for a, b in kinds["carry all along"]}
    # A carry comes into each column but the lowest.
    assert 2**num_bits - 2 in carries
    assert all(a == b for a, b in kinds["equal operands"])
    assert {(0, 0), (0, 1)} < set(kinds["long run of zeros"])
    a, b = kinds["alternating bits"][0]
    assert a & b == 0
    assert a + b == 2 ** (num_bits - 1) - 1


def test_gates_that_are_open_are_one_in_every_state():
    weights = numpy_gru.random_weights(4, np.random.RandomState(0), scale=0.5)
    states = np.random.RandomState(1).uniform(-1, 1, (50, 4))

    z, r, _ = Network(with_open_gates(weights, "z")).gates(states)

    assert (z == 1).all()
    np.testing.assert_array_equal(r, Network(weights).gates(states)[1])


def test_random_pairs_are_random_in_each_bit():
    pairs = random_pairs(200, 1000, np.random.RandomState(0))

    ones = np.array([[number >> i & 1 for i in range(200)] for pair in pairs for number in pair])

    assert abs(ones[:, :199].mean(axis=0) - 0.5).max() < 0.06
    assert not ones[:, 199].any()


def test_a_challenge_counts_wrong_sums():
    class WrongAt:
        """Adds, unless the highest bit of a is one."""

        def predict(self, x):
            y = add_columns(x.astype(int)).astype(float)
            y[x[:, -1, 0] == 1, 0] = 1 - y[x[:, -1, 0] == 1, 0]
            return y

        def add(self, a, b, num_bits):
            return a + b + 1

    sums = {20: 4000, 33: 1000}

    wrong = challenge(WrongAt(), np.random.RandomState(0), sums, 50)

    assert wrong == pytest.approx(2501, abs=150)


def test_what_is_measured(rows):
    results = Results(rows)

    assert {row[:2] for row in rows} == {("one", 0)}
    assert results.lengths == list(LENGTHS)
    assert results.of_seeds("one", "proof", "verdict") == ["refuted"]
    (loss,) = results.of_seeds("one", "training", "validation loss")
    assert loss > 0.1
    shares = [row for row in rows if row[4].endswith("share")]
    assert len(shares) == 2 * (2 + 5 * len(LENGTHS))
    assert all(0 <= row[5] <= 1 for row in shares)


def test_shares_are_those_of_the_network(rows):
    """After two iterations, a network always says zero or always one."""
    from gru_addition.train import train

    adder = train(Config(**TINY["one"])).adder
    pairs = [(a, b) for a in range(250) for b in range(250)]
    wrong = np.array(adder.add_pairs(pairs, 9)) ^ np.sum(pairs, axis=1)
    exact = np.mean(wrong == 0)
    bits = np.mean(wrong[:, np.newaxis] >> np.arange(9) & 1 == 0)

    results = Results(rows)

    assert results.of_seeds("one", "0 to 249", "exact share") == [exact]
    np.testing.assert_allclose(results.of_seeds("one", "0 to 249", "bit share"), [bits])


@pytest.mark.quick
def test_finished_runs_are_not_repeated(tmp_path):
    ran, recipe = [], {"one": TINY["one"]}

    def run(settings):
        ran.append(settings["seed"])
        if settings["seed"] == 2 and ran.count(2) == 1:
            raise FloatingPointError("stopped")
        return fake_run(settings)

    with pytest.raises(FloatingPointError):
        fake_study(tmp_path, 3, run, recipe)
    assert not (tmp_path / "results.csv").exists()
    rows = fake_study(tmp_path, 4, run, recipe)

    assert sorted(ran) == [0, 1, 2, 2, 3]
    assert rows == [
        ("one", seed, *row) for seed in range(4) for row in fake_run(TINY["one"] | {"seed": seed})
    ]


def test_progress_is_reported(tmp_path):
    reports = []
    fake_study(tmp_path, 1)

    fake_study(tmp_path, 2, on_progress=lambda number, done: reports.append((number, done)))

    assert reports == [(4, 2), (4, 3), (4, 4)]


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", '{"settings": SETTINGS}',
        '{"settings": SETTINGS, "rows": [["proof", null, "verdict"]]}',
    ],
)  # fmt: skip
def test_damaged_results_are_named_and_left(content, tmp_path):
    fake_study(tmp_path, 1)
    (file,) = tmp_path.glob("one-0.json")
    content = content.replace("SETTINGS", json.dumps(TINY["one"] | {"seed": 0}))
    file.write_text(content)

    with pytest.raises(DamagedError, match=r"one-0\.json is damaged"):
        fake_study(tmp_path, 1)
    assert file.read_text() == content


def test_results_of_other_settings_are_refused(tmp_path):
    fake_study(tmp_path, 1)

    with pytest.raises(DamagedError, match=r"one-0\.json holds the results of other settings"):
        fake_study(tmp_path, 1, recipes={"one": TINY["two"]})


@pytest.mark.parametrize(
    ("error", "expected", "message"),
    [
        (ValueError("no such thing"), RuntimeError, "^one, seed 0: no such thing$"),
        # It is no fault of a run.
        (ModuleNotFoundError("No module named 'scipy'"), ModuleNotFoundError, "^No module named"),
    ],
)
def test_a_run_that_fails_is_named(error, expected, message, tmp_path):
    def run(settings):
        raise error

    with pytest.raises(expected, match=message):
        fake_study(tmp_path, 1, run, {"one": TINY["one"]})


def test_an_executor_that_drops_its_runs_is_told(tmp_path):
    class Gone(ThreadPoolExecutor):
        """Like that of a Dask client whose scheduler has been lost."""

        def submit(self, *arguments):
            future = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    with pytest.raises(BrokenExecutor), Gone() as executor:
        study(TINY, 1, tmp_path, executor)


def interval_of(values, test="random"):
    """The mean and the interval of shares, one for each seed."""
    rows = [("one", seed, test, 20, "exact share", value) for seed, value in enumerate(values)]
    ((*_, seeds, mean, low, high),) = intervals(rows)
    assert seeds == len(values)
    assert mean == pytest.approx(np.mean(values))
    return mean, low, high


# Newcombe 1998, Statistics in Medicine 17, table I, method 3.
@pytest.mark.parametrize(
    ("right", "seeds", "expected"),
    [(81, 263, [0.2553, 0.3662]), (15, 148, [0.0624, 0.1605]), (0, 20, [0, 0.1611])],
)
def test_the_interval_of_a_number_of_seeds_is_wilsons(right, seeds, expected):
    _, *interval = interval_of([1.0] * right + [0.0] * (seeds - right), "1024 + 16")

    np.testing.assert_allclose(interval, expected, atol=5e-5)


@pytest.mark.quick
def test_the_table_says_what_the_rows_say(tmp_path):
    rows = fake_study(tmp_path, 4)
    rows += [("one", seed, "training", 5, "iterations to learn", 1000 + seed) for seed in range(3)]
    for seed in range(4):
        rows += [("two", seed, "proof", None, "function error allowed", (2 + seed) * 1e-4)]
        for name, verdict in zip(OPEN_GATES, (seed == 0, True, True), strict=True):
            opened = "refuted" if verdict else "proved"
            rows += [("two", seed, "proof", None, f"verdict with {name}", opened)]

    lines = summary(rows, with_iterations=True).splitlines()

    one, two = ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:])
    assert one[:2] == ["one", "4"]
    assert (one.pop(2), two.pop(2)) == ("1,001 (3 of 4)", "none learnt")
    # The fake losses are for five bits.
    assert one[2] == f"{np.median([0.1, 0.05, 0.1 / 3, 0.025]) / 5:.1e}"
    # Wilson's interval for 4 of 4 reaches down to 4 / (4 + 1.96^2).
    assert one[3] == "4 of 4 (51% to 100%)"
    assert one[4] == "0.500 (all 4)"
    # Half of the seeds have a share of 1 / 20, the others 0.
    assert one[5] == "0.025 (0.000 to 0.050)"
    assert one[8] == "4 of 4 (51% to 100%)"
    assert one[9] == "0 of 4 (0% to 49%)"
    assert two[6] == two[7] == "1.000 (all 4)"
    assert two[9] == two[11] == "4 of 4 (51% to 100%)"
    assert (one[10], two[10]) == ("0 of 4 (0% to 49%)",) * 2
    assert (one[12], two[12]) == ("none proved", "3.5e-04 (2.0e-04)")
    assert open_gates(rows).splitlines()[2:] == ["| two | 4 | 3 | 0 | 0 |"]


def test_the_figure_has_a_row_for_each_recipe(tmp_path):
    rows = []
    for recipe, seed, test, num_bits, measure, value in fake_study(tmp_path, 3):
        if (recipe, seed, test) == ("one", 1, "proof"):
            value = "undecided"
        elif (recipe, test) == ("two", "random"):
            value = 0.5
        rows.append((recipe, seed, test, num_bits, measure, value))

    figure = study_figure(rows)

    panels = np.reshape(figure.axes, (2, 3))
    assert [axes.get_ylabel() for axes in panels[:, 0]] == list(TINY)
    # One of three seeds has a share of 1 / num_bits, the others 0.
    one, two = 1 / 3 / np.array(LENGTHS), np.ones(len(LENGTHS))
    shares = [[axes.get_lines()[0].get_ydata() for axes in row[:2]] for row in panels]
    np.testing.assert_allclose(shares, [[one, one], [two / 2, two]])
    words = [[text.get_text() for text in axes.texts] for axes in panels[:, 2]]
    assert words == [["2 refuted, 1 undecided"], ["3 proved"]]
    bars = [[bar.get_width() for bar in axes.patches] for axes in panels[:, 2]]
    assert bars == [[2, 1, 0], [0, 0, 3]]


@pytest.mark.quick
def test_the_figure_of_selections_shows_each_beside_its_verdicts():
    names = "tutorial", "tutorial + rate", "tutorial + rate + penalty", "fresh", "fresh + rate"
    verdicts = dict(
        zip(names, ("refuted", "refuted", "proved", "undecided", "proved"), strict=True)
    )
    rows = [(name, 0, "proof", None, "verdict", verdicts[name]) for name in names]

    figure = selections_figure(rows)

    panels = np.reshape(figure.axes, (3, 3))
    assert [axes.get_title() for axes in panels[0]] == ["", "tutorial", "fresh"]
    filled = [[dot.get_markerfacecolor() == "black" for dot in row[0].lines] for row in panels]
    assert filled == [[False, False], [True, False], [True, True]]
    words = [[text.get_text() for text in axes.texts] for axes in panels[:, 1:].ravel()]
    assert words == [
        ["1 refuted"], ["1 undecided"], ["1 refuted"], ["1 proved"], ["1 proved"], [],
    ]  # fmt: skip


@pytest.mark.quick
def test_the_ablation_has_every_selection_of_the_changes():
    assert len(ABLATION) == 2 * 2 ** len(CHANGES)
    assert ABLATION["tutorial"] == {}
    everything = {name: value for change in CHANGES.values() for name, value in change.items()}
    assert ABLATION["tutorial + rate + noise + penalty"] == everything
    assert len({json.dumps(settings, sort_keys=True) for settings in ABLATION.values()}) == 16


@pytest.mark.quick
def test_recipes_are_settings():
    for recipes in GROUPS.values():
        for settings in recipes.values():
            Config(**settings)
            json.dumps(settings)


@pytest.mark.quick
def test_a_proof_that_fails_a_challenge_is_told():
    rows = [
        ("one", seed, "proof", None, "wrong in the challenge", wrong)
        for seed, wrong in enumerate((0, 0, 7))
    ]

    assert challenged(rows) == "Challenged with more sums: 1 of 3 proofs fail."


def wait_for_the_end_of(group):
    """Wait until no process of a group is running, by the files in which Linux describes them."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        files = [path for path in Path("/proc").glob("[0-9]*/stat") if path.exists()]
        states = [path.read_text().rpartition(")")[2].split() for path in files]
        if not any(int(state[2]) == group and state[0] != "Z" for state in states):
            return
        time.sleep(0.05)
    raise AssertionError("processes of a study outlive it")


@pytest.mark.linux
@pytest.mark.parametrize(
    ("number", "seconds"), [(signal.SIGINT, 0), (signal.SIGINT, 2), (signal.SIGTERM, 2)]
)
def test_an_interruption_ends_all_processes(number, seconds, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "gru_addition", "study", "--recipe=tutorial", "--seeds=30"],
        cwd=tmp_path, env=environment(), start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    # It has begun once its directory is there; its processes start training a little later.
    while not (tmp_path / "runs" / "study").exists() and process.poll() is None:
        time.sleep(0.01)
    time.sleep(seconds)
    # Ctrl-C reaches all processes, SIGTERM only the one it is sent to.
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 128 + number
    assert err.startswith("python -m gru_addition study: interrupted")
    assert err.count("\n") == 1
    # At first there is nothing to be saved.
    assert seconds == 0 or "interrupted; finished runs are saved" in err
    wait_for_the_end_of(process.pid)


@pytest.mark.linux
def test_a_study_survives_a_kill(tmp_path):
    """It is killed when one of four networks is done, and resumes with the others."""
    code = (
        "from gru_addition.study import *; from gru_addition.study.executors import *\n"
        "from fake_run import slow_run\n"
        "if __name__ == '__main__':\n"
        "    with local_processes() as executor:\n"
        f"        study({dict(one=TINY['one'])!r}, 4, 'out', executor, run=slow_run)"
    )
    (tmp_path / "program.py").write_text(code)
    command, variables = [sys.executable, "program.py"], environment() | WITH_TESTS
    process = subprocess.Popen(command, cwd=tmp_path, env=variables, start_new_session=True)
    results = tmp_path / "out"
    while not list(results.glob("one-*.json")) and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.wait()
    wait_for_the_end_of(process.pid)
    done = {path: path.stat().st_mtime_ns for path in results.glob("one-*.json")}
    assert 0 < len(done) < 4

    subprocess.run(command, cwd=tmp_path, env=variables, check=True)

    assert len(list(results.glob("one-*.json"))) == 4
    assert {path: path.stat().st_mtime_ns for path in done} == done
    with open(results / "results.csv", encoding="utf-8", newline="") as file:
        assert {row["seed"] for row in csv.DictReader(file)} == set("0123")


@pytest.mark.torture
def test_the_command_from_beginning_to_end(tmp_path):
    command = "-m", "gru_addition", "study", "--seeds=1"
    process = run_from_scratch(*command, cwd=tmp_path)

    assert (process.returncode, process.stderr) == (0, "")
    # Titles, the rule below them, and a line for each recipe.
    assert process.stdout.count("\n| ") == 2 + len(RECIPES)
    assert process.stdout.endswith("Saved in runs/study: results.csv, summary.csv and study.png\n")
    assert (tmp_path / "runs" / "study" / "study.png").read_bytes().startswith(b"\x89PNG")
    again = run_from_scratch(*command, cwd=tmp_path)
    assert again.stdout.startswith(f"Resuming: {len(RECIPES)} of {len(RECIPES)} runs are done")


def test_a_directory_in_use_is_told_by_the_name_of_the_flag(tmp_path, capsys):
    with alone(tmp_path):
        assert cli.run(["study", "--seeds=1", f"--output-dir={tmp_path}"]) == 2

    assert "--output-dir must be a directory in which no other run is" in capsys.readouterr().err
