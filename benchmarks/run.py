"""Train the tutorial's network with every program, in turn and several times, and compare.

    python benchmarks/run.py --rounds 5

Each program runs in a process of its own and does the same work: a training step and a validation
loss per iteration, in float64, from the same data and weights. Its losses are checked before its
time counts. What is not installed is named and skipped. The results go to results/; report.py
writes the tables and draws the figures.
"""

import argparse
import importlib.util
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

import numpy as np
import report
from programs.protocol import WEIGHTS

from gru_addition.dataset import encode, generate_batch
from gru_addition.support.process import small_model_flags

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "tests" / "golden"
RESULTS = HERE / "results" / "results.json"
ITERATIONS = 5000
# Rounding errors grow during 5,000 iterations; two ways to write the same Adam differ by 2e-12.
LARGEST_DEVIATION = 1e-10
TIME_LIMIT = 900

SIZES = {
    "batch": [100, 300, 1000, 3000, 10_000],
    "bits": [5, 15, 50, 150, 500],
    "hidden": [16, 32, 64, 128, 256],
}
TURNS = 5
GROWING = (
    report.OURS,
    report.LIBRARY,
    report.JAX,
    report.JAX_FLAGS,
    report.JAX_OLD,
    report.JAX_OLD_FLAGS,
    "PyTorch, fused",
    "NumPy by hand",
    "C, one core",
)


@dataclass(frozen=True)
class Program:
    """A file in programs/, how to call it, and what its losses are compared with.

    adam: "tf1" for TensorFlow 1.3.0's Adam; "epsilon-hat" and "paper" as in numpy_gru.py.
    needs: the module it needs, without which it is skipped.
    xla_flags: the flags to set for its XLA.
    """

    file: str
    variant: str
    adam: str = "tf1"
    needs: str = "tensorflow"
    python: str = sys.executable
    xla_flags: tuple = ()

    def missing(self):
        """What is missing to run this program, or None."""
        if self.python != sys.executable:
            return None if shutil.which(self.python) else f"no interpreter at {self.python}"
        if self.needs == "gcc":
            return None if shutil.which("gcc") else "gcc is not installed"
        return None if importlib.util.find_spec(self.needs) else f"{self.needs} is not installed"


def programs(python_of):
    """All programs by name. python_of: an interpreter for each old version of TensorFlow."""
    old = {
        f"gist, TensorFlow {version}": Program("gist.py", "plain", python=python)
        for version, python in python_of.items()
    }
    jax = partial(Program, "jax_gru.py", adam="paper", needs="optax")
    return {
        report.GIST: Program("gist.py", "plain"),
        **old,
        "session engine": Program("ours.py", "session"),
        report.OURS: Program("ours.py", "compiled"),
        report.LIBRARY: Program("ours.py", "library"),
        f"{report.LIBRARY}, prepared": Program("ours.py", "prepared"),
        "Keras 3": Program("keras_gru.py", "plain", "epsilon-hat"),
        "Keras 3, jitted": Program("keras_gru.py", "jit", "epsilon-hat"),
        "PyTorch, eager": Program("pytorch_gru.py", "eager", "paper", "torch"),
        "PyTorch, fused": Program("pytorch_gru.py", "fused", "paper", "torch"),
        "PyTorch, torch.compile": Program("pytorch_gru.py", "compile", "paper", "torch"),
        "JAX, jitted step": jax("step"),
        report.JAX: jax("loop"),
        # A JAX user may set what our command sets for its own process.
        report.JAX_FLAGS: jax("loop", xla_flags=tuple(small_model_flags())),
        report.JAX_OLD: jax("tensorflow"),
        report.JAX_OLD_FLAGS: jax("tensorflow", xla_flags=tuple(small_model_flags())),
        "NumPy by hand": Program("numpy_gru.py", "tf1", needs="numpy"),
        "C, one core": Program("c_gru.py", "plain", needs="gcc"),
    }


class Process:
    """A program that runs on a problem; its files go when it is closed.

    turn: how many iterations it trains when `take_turn` is called, None to train without a pause.
    """

    def __init__(self, program, problem_path, turn=None):
        self._directory = tempfile.TemporaryDirectory()
        directory = Path(self._directory.name)
        self._result, self._log = directory / "result.npz", directory / "log"
        # Otherwise torch.compile would find what an earlier round compiled.
        environment = os.environ | {"TORCHINDUCTOR_CACHE_DIR": str(directory)}
        if program.xla_flags:
            environment["XLA_FLAGS"] = " ".join(program.xla_flags)
        command = [program.python, str(HERE / "programs" / program.file), program.variant]
        arguments = [str(problem_path), str(self._result), *([] if turn is None else [str(turn)])]
        self.start = time.perf_counter()
        with open(self._log, "w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [*command, *arguments],
                stdin=subprocess.PIPE,
                stdout=log if turn is None else subprocess.PIPE,
                stderr=log,
                env=environment,
                text=True,
            )
        self._limit = threading.Timer(TIME_LIMIT, self._process.kill)
        self._limit.start()

    def until_ready(self):
        """Wait until a program that takes turns is set up."""
        if self._process.stdout.readline() != "ready\n":
            self._fail()

    def take_turn(self):
        """Let it train for a turn; return its iterations per second."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        iterations, seconds = map(float, self._process.stdout.readline().split() or self._fail())
        return iterations / seconds

    def result(self):
        """Wait for its end; return the arrays it saved, its seconds and its peak memory in MB."""
        self._process.stdin.close()
        _, status, usage = os.wait4(self._process.pid, 0)
        seconds = time.perf_counter() - self.start
        if status != 0:
            self._fail()
        with np.load(self._result) as arrays:
            return dict(arrays), seconds, usage.ru_maxrss / 1024

    def close(self):
        self._limit.cancel()
        self._process.kill()
        self._directory.cleanup()

    def _fail(self):
        raise SystemExit(f"{' '.join(self._process.args)} failed:\n{self._log.read_text()[-2000:]}")


def run_once(program, problem_path):
    """Run a program to its end; return its losses, its answer and its figures."""
    with closing(Process(program, problem_path)) as process:
        arrays, seconds, memory = process.result()
    (first_done, first_seconds), (done, last_seconds) = arrays["marks"][[0, -1]]
    rate = (done - first_done) / (last_seconds - first_seconds)
    figures = {
        "rate": rate,
        # From the first line after the imports to the first iteration, assuming the usual rate.
        "set_up": first_seconds - first_done / rate,
        "seconds": seconds,
        "memory": memory,
    }
    return losses_in(arrays), int(arrays["answer"]), figures


def losses_in(arrays):
    return np.stack([arrays["train_losses"], arrays["validation_losses"]])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-growth", action="store_true", help="leave the growth curves as saved")
    for version in "1.3.0", "1.15.5":
        parser.add_argument(
            f"--python-{version}",
            metavar="PYTHON",
            default=str(GOLDEN / f"tf-{version}-env" / "bin" / "python"),
            help=f"an interpreter with TensorFlow {version} (default: tests/golden's)",
        )
    arguments = vars(parser.parse_args())
    everything = programs({v: arguments[f"python_{v}"] for v in ("1.3.0", "1.15.5")})
    skipped = {name: program.missing() for name, program in everything.items()}
    skipped = {name: reason for name, reason in skipped.items() if reason}
    for name, reason in skipped.items():
        print(f"skipped: {name}: {reason}")
    present = {name: everything[name] for name in everything if name not in skipped}

    results = {"machine": machine(), "skipped": sorted(skipped), "rounds": arguments["rounds"]}
    with tempfile.TemporaryDirectory() as directory:
        problem_path = Path(directory) / "problem.npz"
        results["programs"] = measure(present, problem_path, arguments["rounds"])
        if arguments["no_growth"]:
            results["growth"] = json.loads(RESULTS.read_text())["growth"]
        else:
            growing = {name: present[name] for name in GROWING if name in present}
            results["growth"] = measure_growth(growing, problem_path)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    report.main()


def measure(present, problem_path, rounds):
    """Run all programs in turn, `rounds` times; return a list of figures for each program."""
    expected = {"tf1": save_the_tutorials_problem(problem_path, ITERATIONS)}
    for adam in {program.adam for program in present.values()} - {"tf1"}:
        expected[adam], _, _ = run_once(Program("numpy_gru.py", adam), problem_path)

    figures = {name: [] for name in present}
    for number in range(rounds):
        for name, program in present.items():
            losses, answer, measured = run_once(program, problem_path)
            measured["deviation"] = float(deviation(losses, expected[program.adam]))
            if not measured["deviation"] < LARGEST_DEVIATION or answer != 1040:
                raise SystemExit(f"{name} is wrong: {measured['deviation']:.1e}, answer {answer}")
            figures[name].append(measured)
            print(
                f"round {number + 1} of {rounds}: {name}: {measured['rate']:,.0f} iterations/s, "
                f"{measured['seconds']:.1f} s, losses deviate by {measured['deviation']:.0e}",
                flush=True,
            )
    return figures


def measure_growth(growing, problem_path):
    """Return lists of iterations/s by what grows, program and size.

    The programs of a size live side by side and train in turn, so that each turn of one is soon
    followed by one of every other.
    """
    growth = {kind: {} for kind in SIZES}
    measured = {}
    for kind, sizes in SIZES.items():
        for size in sizes:
            shape = {"batch": 100, "bits": 5, "hidden": 16} | {kind: size}
            key = tuple(shape.values())
            if key not in measured:
                print(f"{kind} {size:,}:", flush=True)
                measured[key] = measure_size(growing, problem_path, **shape)
            for name, rates in measured[key].items():
                growth[kind].setdefault(name, {})[size] = rates
    return growth


def measure_size(growing, problem_path, batch, bits, hidden):
    """Return iterations/s by program, one number for each of `TURNS` turns."""
    # Half a second or more of the fastest program's work, in whole runs of fifty iterations.
    turn = max(50, 1500 * 8000 // (batch * bits * hidden) // 50 * 50)
    # Those that mark the first fifty iterations begin with them.
    save_problem(problem_path, *drawn(batch, bits, hidden), 50 + TURNS * turn)
    with ExitStack() as stack:
        processes = {}
        for name, program in growing.items():
            processes[name] = stack.enter_context(closing(Process(program, problem_path, turn)))
            processes[name].until_ready()
        rates = {name: [] for name in processes}
        for _ in range(TURNS):
            for name, process in processes.items():
                rates[name].append(process.take_turn())
        firsts = {name: losses_in(process.result()[0])[0, 0] for name, process in processes.items()}
    for name, of_turns in rates.items():
        print(f"  {name}: {statistics.median(of_turns):,.1f} iterations/s", flush=True)
    # The first loss comes before any step of Adam, so it is the same for all.
    if not np.allclose([*firsts.values()], firsts[report.OURS], rtol=1e-12, atol=0):
        raise SystemExit(f"first losses differ: {firsts}")
    return rates


def drawn(batch, bits, hidden):
    """Data and weights of a given size: `(x_train, y_train, x_test, y_test)` and arrays by name."""
    random_state = np.random.RandomState(0)
    data = *generate_batch(bits, batch, random_state), *generate_batch(bits, batch, random_state)
    shapes = {"W": (2, hidden), "U": (hidden, hidden), "b": (hidden,)}
    weights = {
        kind + gate: random_state.normal(scale=0.01, size=shape)
        for kind, shape in shapes.items()
        for gate in "rzh"
    }
    weights["W_output"] = random_state.normal(scale=0.01, size=(hidden, 1))
    weights["b_output"] = random_state.normal(scale=0.01, size=1)
    return data, weights


def save_the_tutorials_problem(path, iterations):
    """Save seed 0's data and weights; return the losses, (2, iterations), of TensorFlow 1.3.0."""
    with np.load(GOLDEN / "tf-1.3.0" / "seed-0.npz") as golden:
        golden = dict(golden)
    data = [golden[name] for name in ("x_train", "y_train", "x_test", "y_test")]
    save_problem(path, data, {name: golden["initial_" + name] for name in WEIGHTS}, iterations)
    return np.stack([golden["train_losses"], golden["validation_losses"]])[:, :iterations]


def save_problem(path, data, weights, iterations):
    names = "x_train", "y_train", "x_test", "y_test"
    question = encode(1024, 16, 20)
    arrays = dict(zip(names, data, strict=True)) | weights
    np.savez(path, **arrays, question=question, iterations=iterations)


def deviation(losses, expected):
    return (np.abs(losses - expected) / np.abs(expected)).max()


def machine():
    """What the figures depend on."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    packages = "tensorflow", "keras", "numpy", "torch", "jax", "jaxlib", "optax"
    versions = {"Python": platform.python_version()}
    for package in packages:
        if importlib.util.find_spec(package):
            versions[package] = metadata.version(package)
    if shutil.which("gcc"):
        version = subprocess.check_output(["gcc", "-dumpfullversion"], text=True)
        versions["gcc"] = version.strip()
    return {"processor": models[0], "cores": os.cpu_count(), "versions": versions}


if __name__ == "__main__":
    main()
