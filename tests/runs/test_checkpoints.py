"""A run is saved whole and resumed bit for bit; damaged or hostile files are refused."""

import io
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from common import (
    HELPERS,
    assert_same_numbers,
    contents,
    environment,
    unprivileged,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import rc_context

from gru_addition.add import Adder
from gru_addition.commands.add import main as add
from gru_addition.commands.train import main
from gru_addition.engines import graphs, program
from gru_addition.export import export
from gru_addition.model import tf
from gru_addition.runs import checkpoints, variables
from gru_addition.support import files as storage
from gru_addition.support import pictures
from gru_addition.support.files import DamagedError
from gru_addition.train import Config, Run, train

SHORT = Config(iterations=40, batch_size=20, checkpoint_every=16, iterations_per_run=4)
KINDS = {
    "full": {},
    "mini": {"mini_batch_size": 7},
    "fresh": {"fresh_batches": True},
    "noise": {"state_noise": 0.1, "jacobian_penalty": 0.01, "mini_batch_size": 7},
}
SHORTEST = "--iterations=1", "--engine=session"
TINY = Config(num_bits=3, batch_size=5, hidden_size=3, iterations=4, engine="session", keep=2,
              checkpoint_every=2)  # fmt: skip
SUFFIXES = checkpoints.SUFFIXES
as_png, build_graph, options = pictures.as_png, graphs.build_graph, graphs._options
# The settings that the session engine's graph depends on.
OF_GRAPH = "hidden_size", "learning_rate", "dtype", "seed", "state_noise", "jacobian_penalty"


@cache
def build_once(**of_graph):
    return build_graph(program._build, Config(engine="session", **of_graph), "session")


@pytest.fixture(autouse=True)
def light(monkeypatch):
    """A short run spends most of its time on its graph and its picture; here they are shared.

    The graph is not optimised, since no number is compared with one computed elsewhere.
    """

    def build_or_share(build, *arguments):
        match arguments:
            case Config() as config, "session" if build is program._build:
                return build_once(**{name: getattr(config, name) for name in OF_GRAPH})
        return build_graph(build, *arguments)

    monkeypatch.setattr(pictures, "as_png", lambda *_: b"\x89PNG")
    monkeypatch.setattr(graphs, "build_graph", build_or_share)
    monkeypatch.setattr(graphs, "_options", lambda rewritten=False: options())


def interrupt_at(iteration, number=signal.SIGINT):
    """A callback that sends a signal to this process when that many iterations are done."""

    def on_progress(history):
        if len(history) >= iteration:
            signal.raise_signal(number)

    return on_progress


@pytest.mark.parametrize(
    ("engine", "kind"),
    [
        *(("session", kind) for kind in KINDS),
        # Resuming does not depend on the engine, and this one is slow to build.
        ("compiled", "fresh"),
        *(
            pytest.param("compiled", kind, marks=pytest.mark.torture)
            for kind in KINDS
            if kind != "fresh"
        ),
    ],
)
def test_a_resumed_run_has_the_numbers_of_one_never_interrupted(engine, kind, tmp_path):
    config = replace(SHORT, engine=engine, **KINDS[kind])
    expected = train(config)

    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path, on_progress=interrupt_at(11))
    assert 11 <= len(Run.restore(tmp_path).history) < 16
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path, resume=True, on_progress=interrupt_at(27))
    assert 27 <= len(Run.restore(tmp_path).history) < 32
    resumed = train(config, tmp_path, resume=True)

    assert_same_numbers(resumed, expected)
    assert_same_numbers(Run.restore(tmp_path), expected)


def test_more_iterations_go_on_where_fewer_ended(tmp_path):
    config = replace(SHORT, engine="session", mini_batch_size=7)

    for iterations in 1, 13, 40:
        run = train(replace(config, iterations=iterations), tmp_path, resume=iterations > 1)

    assert_same_numbers(run, train(config))
    assert Run.restore(tmp_path).config == config


@pytest.mark.parametrize("engine", ["session", pytest.param("compiled", marks=pytest.mark.torture)])
def test_what_changes_no_number_may_be_changed_on_the_way(engine, tmp_path):
    config = replace(SHORT, engine=engine)
    train(replace(config, iterations=15), tmp_path)
    changed = replace(config, iterations_per_run=9, checkpoint_every=7, keep=3)

    run = train(changed, tmp_path, resume=True)

    assert_same_numbers(run, train(config))
    assert {path.stem for path in tmp_path.glob("*.index")} == {
        "model.ckpt-28", "model.ckpt-35", "model.ckpt-40"
    }  # fmt: skip


@pytest.mark.quick
def test_a_finished_run_may_be_resumed_and_has_nothing_to_do(copied, sound):
    before = contents(copied)

    second = train(TINY, copied, resume=True)

    assert_same_numbers(second, Run.restore(sound))
    assert {name: before[name] for name in before if name != "losses.png"} == {
        name: content for name, content in contents(copied).items() if name != "losses.png"
    }


def test_the_callers_own_data_must_be_given_again(tmp_path):
    random_state = np.random.RandomState(0)
    data = [random_state.randint(0, 2, size=(6, 4, size)) for size in (2, 1, 2, 1)]
    train(TINY, tmp_path, data=data)
    longer = replace(TINY, iterations=7)

    for other in None, [*data[:3], 1 - data[3]]:
        with pytest.raises(ValueError, match="data must be what the saved run was trained on"):
            train(longer, tmp_path, resume=True, data=other)
    resumed = train(longer, tmp_path, resume=True, data=data)

    assert_same_numbers(resumed, train(longer, data=data))


def test_initial_weights_are_refused_where_they_would_be_ignored(copied):
    weights = Run.restore(copied).weights

    with pytest.raises(ValueError, match="initial_weights must be None with resume"):
        train(TINY, copied, resume=True, initial_weights=weights)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 3}, "seed 0, not seed 3"),
        (
            {"hidden_size": 8, "dtype": "float32", "iterations": 2},
            "hidden_size 3, iterations at least 4, dtype float64, "
            "not hidden_size 8, iterations 2, dtype float32",
        ),
        ({"mini_batch_size": 2}, "mini_batch_size None, not mini_batch_size 2"),
        ({"fresh_batches": True}, "fresh_batches False, not fresh_batches True"),
        ({"engine": "compiled"}, "engine session, not engine compiled"),
        ({"learning_rate": 0.01}, "learning_rate 0.001, not learning_rate 0.01"),
        ({"num_bits": 4, "batch_size": 6}, "num_bits 3, batch_size 5, not num_bits 4, batch"),
    ],
)
def test_settings_that_contradict_the_saved_ones_are_named(changes, message, copied, capsys):
    before = contents(copied)

    with pytest.raises(ValueError, match=r"^a resumed run must have ") as raised:
        train(replace(TINY, **changes), copied, resume=True)
    flags = [
        f"--{name.replace('_', '-')}" + f"={value}" * (value is not True)
        for name, value in changes.items()
    ]
    status = main(["--resume", f"--output-dir={copied}", *flags])
    err = capsys.readouterr().err

    assert message in str(raised.value)
    assert status == 2
    assert err.count("\n") == 1
    for name in changes:
        assert f"--{name.replace('_', '-')} " in err
    assert contents(copied) == before


def test_a_run_is_not_replaced_by_accident(copied, capsys):
    before = contents(copied)

    with pytest.raises(ValueError, match="output_dir must be a directory without a run, unless"):
        train(TINY, copied)
    assert main(["--iterations=1", f"--output-dir={copied}"]) == 2
    assert main(["--resume", "--overwrite", f"--output-dir={copied}"]) == 2
    err = capsys.readouterr().err

    assert "without a run, unless --resume or --overwrite is given" in err
    assert "--resume and --overwrite must not be given together" in err
    assert err.count("\n") == 2
    assert contents(copied) == before


def test_a_run_may_be_replaced_on_purpose(copied):
    (copied / "notes.txt").write_text("mine")
    other = replace(TINY, seed=1, iterations=3, keep=1)

    run = train(other, copied, overwrite=True)

    assert_same_numbers(run, train(other))
    assert Run.restore(copied).config == other
    names = {f"model.ckpt-3{suffix}" for suffix in SUFFIXES}
    assert contents(copied).keys() == names | {
        "manifest.json", "checkpoint", "losses.png", "notes.txt"
    }  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["checkpoint", "model.ckpt-700.index", "model.ckpt-0.index", "manifest.json", "losses.png"],
)
def test_the_files_of_another_program_are_not_overwritten(name, tmp_path, capsys):
    (tmp_path / name).write_text("precious")

    assert main([f"--output-dir={tmp_path}"]) == 2
    assert main(["--resume", f"--output-dir={tmp_path}"]) == 2
    assert add(["1", "2", f"--from={tmp_path}"]) == 2

    assert capsys.readouterr().err.count("\n") == 3
    assert contents(tmp_path) == {name: b"precious"}


@pytest.mark.parametrize("name", ["gs://bucket/run", "ram://run", "caf\udce9"])
def test_a_name_that_tensorflow_reads_in_another_way_is_refused(name, sound, tmp_path, monkeypatch):
    weights = Run.restore(sound).weights
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ValueError, match=r"output_dir must be .*: TensorFlow (takes|reads)"):
        train(TINY, name)
    with pytest.raises(ValueError, match=r"directory must be new, .*: TensorFlow (takes|reads)"):
        export(weights, name)

    assert list(tmp_path.iterdir()) == []


def test_a_figure_that_can_not_be_drawn_takes_no_run_away(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "as_png", as_png)
    with rc_context({"savefig.dpi": 1_000_000}), pytest.warns(UserWarning, match="can't be drawn"):
        run = train(TINY, tmp_path)

    assert_same_numbers(Run.restore(tmp_path), run)
    assert not (tmp_path / "losses.png").exists()


def test_who_computed_a_run_is_noted_by_fixed_words(copied):
    batches = copied / "model.ckpt-4.batches.json"
    noted = json.loads(batches.read_text())["computed_by"]
    assert noted == f"TensorFlow {tf.__version__}, session engine, revision 1, XLA_FLAGS=''"

    # Early versions named the engine after a function.
    old = noted.replace(" engine, revision 1,", "_engine,")
    forge(copied, ".batches.json", batches.read_bytes().replace(noted.encode(), old.encode()))
    assert checkpoints.load(copied).computed_by == noted


def test_as_many_checkpoints_are_kept_as_are_asked_for(tmp_path):
    train(replace(TINY, iterations=7, keep=3), tmp_path)

    kept = {path.name for path in tmp_path.glob("model.ckpt-*")}
    assert kept == {f"model.ckpt-{done}{suffix}" for done in (4, 6, 7) for suffix in SUFFIXES}
    assert tf.train.latest_checkpoint(str(tmp_path)) == str(tmp_path / "model.ckpt-7")
    state = tf.train.get_checkpoint_state(str(tmp_path))
    assert [Path(path).name for path in state.all_model_checkpoint_paths] == [
        "model.ckpt-4", "model.ckpt-6", "model.ckpt-7"
    ]  # fmt: skip


def test_by_default_long_runs_have_a_hundred_checkpoints():
    assert Config().checkpoint_interval == 1000
    assert Config(iterations=100_000).checkpoint_interval == 1000
    assert Config(iterations=1_000_000).checkpoint_interval == 10_000
    assert Config(iterations=1_000_000, checkpoint_every=5).checkpoint_interval == 5


def test_a_checkpoint_holds_what_was_there_when_it_was_saved(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "as_png", as_png)
    run = train(TINY, tmp_path)

    losses = np.load(tmp_path / "model.ckpt-4.history.npy", allow_pickle=False)
    np.testing.assert_array_equal(losses["train_losses"], run.history.train_losses)
    np.testing.assert_array_equal(losses["validation_losses"], run.history.validation_losses)
    assert Config(**json.loads((tmp_path / "model.ckpt-4.config.json").read_text())) == TINY
    saved = {name for name, _ in tf.train.list_variables(str(tmp_path / "model.ckpt-4"))}
    weights = set(run.weights) - {"W_output", "b_output"} | {"Variable", "Variable_1"}
    slots = {name + slot for name in weights for slot in ("/Adam", "/Adam_1")}
    assert saved == weights | slots | {"beta1_power", "beta2_power"}
    assert (tmp_path / "losses.png").read_bytes().startswith(b"\x89PNG\r\n")
    x = np.random.RandomState(0).randint(0, 2, size=(2, 9, 2))
    np.testing.assert_array_equal(Adder.restore(tmp_path).predict(x), run.adder.predict(x))


def test_a_run_that_diverges_keeps_its_last_checkpoint(tmp_path):
    random_state = np.random.RandomState(0)
    data = [random_state.randint(0, 2, size=(6, 4, size)) for size in (2, 1, 2, 1)]

    def poison(history):
        if len(history) == 3:
            data[1][:] = 10**200  # The engine is fed this very array.

    data[1] = data[1].astype(float)
    with pytest.raises(FloatingPointError, match="no longer finite at iteration 3"):
        train(TINY, tmp_path, data=data, on_progress=poison)

    assert len(Run.restore(tmp_path).history) == 2


def test_a_signal_waits_until_the_run_is_saved_and_then_does_what_it_always_does(tmp_path):
    received = []
    previous = signal.signal(signal.SIGTERM, lambda number, frame: received.append(number))
    try:
        train(TINY, tmp_path, on_progress=interrupt_at(3, signal.SIGTERM))
        handler = signal.getsignal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, previous)

    assert received == [signal.SIGTERM] * 2
    assert handler not in (signal.SIG_DFL, previous)
    assert len(Run.restore(tmp_path).history) == 3


def test_a_second_ctrl_c_does_not_wait(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(TINY, tmp_path, on_progress=lambda history: [signal.raise_signal(2) for _ in "ab"])

    assert len(Run.restore(tmp_path).history) == 0


def test_what_a_callback_fails_to_report_is_saved(tmp_path, sound):
    def fail(history):
        if len(history) == 3:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        train(TINY, tmp_path, on_progress=fail)

    assert len(Run.restore(tmp_path).history) == 3
    assert_same_numbers(train(TINY, tmp_path, resume=True), Run.restore(sound))


def test_without_a_directory_ctrl_c_waits_for_nothing():
    seen = []

    def on_progress(history):
        seen.append(len(history))
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(TINY, on_progress=on_progress)
    assert seen == [1]


def test_a_run_may_go_on_from_an_older_checkpoint(tmp_path, capsys):
    config = replace(TINY, iterations=7, keep=3, mini_batch_size=3)
    expected = train(config, tmp_path)
    (tmp_path / "model.ckpt-7.index").write_bytes(b"damaged")

    assert main(["--resume", f"--output-dir={tmp_path}"]) == 2
    assert capsys.readouterr().err.endswith(
        "is not as it was written; --resume 6 uses an older one\n"
    )
    for iteration in "5", "0":
        assert main([f"--resume={iteration}", f"--output-dir={tmp_path}"]) == 2
        err = capsys.readouterr().err
        assert "--resume must be the iteration of a checkpoint, 4 or 6 or 7, not " in err
    for iteration in "last", "", "-1", "4.0":
        assert main([f"--resume={iteration}", f"--output-dir={tmp_path}"]) == 2
        assert "--resume must be a whole number of at least 0, not " in capsys.readouterr().err
    for iteration in None, 4.0, [4]:
        with pytest.raises(TypeError, match="resume must be a whole number"):
            train(config, tmp_path, resume=iteration)
    assert main(["--resume", "4", f"--output-dir={tmp_path}"]) == 0

    assert_same_numbers(Run.restore(tmp_path), expected)


def test_a_run_may_go_on_from_its_very_beginning(tmp_path, sound):
    with pytest.raises(KeyboardInterrupt):
        train(TINY, tmp_path, on_progress=lambda history: [signal.raise_signal(2) for _ in "ab"])

    assert_same_numbers(train(TINY, tmp_path, resume=0), Run.restore(sound))


def test_where_other_digits_may_come_from_is_told(tmp_path, monkeypatch):
    train(replace(SHORT, iterations=5), tmp_path)
    monkeypatch.setattr(graphs, "xla_is_available", lambda: False)

    before = "TensorFlow 2.* compiled engine, revision 2, XLA_FLAGS='.*'"
    now = "TensorFlow 2.* session engine, revision 1, XLA_FLAGS=''"
    with (
        pytest.warns(UserWarning, match="XLA is not available"),
        pytest.warns(UserWarning, match=f"was computed by {before}, and resumes with {now}"),
    ):
        train(SHORT, tmp_path, resume=True)


def test_more_examples_than_an_order_can_hold_are_refused():
    examples = np.zeros((1_000_001, 1, 2)), np.zeros((1_000_001, 1, 1))

    with pytest.raises(ValueError, match="x_train must have at most 1,000,000 examples with mini"):
        train(Config(mini_batch_size=5), data=[*examples, np.zeros((1, 1, 2)), np.zeros((1, 1, 1))])


def test_the_largest_order_can_be_saved_and_read():
    order = list(range(999_999))
    state = {"mersenne_twister": [2**32 - 1] * 624, "position": 624, "order": order}

    assert len(storage.as_json(state, indent=None)) < checkpoints.LARGEST_JSON


def test_flags_of_a_resumed_run_are_checked_with_its_settings(tmp_path):
    train(replace(TINY, batch_size=300, mini_batch_size=200), tmp_path)

    assert main(["--resume", "--mini-batch-size=200", f"--output-dir={tmp_path}"]) == 0


# Kills and faults at every file operation of a save.


@pytest.mark.posix
@pytest.mark.parametrize(("resumed", "order"), [("next", ["2", "3"]), ("older", ["2", "1", "2"])])
@pytest.mark.parametrize("kind", ["kill", "full"])
def test_a_save_may_be_stopped_at_any_file_operation(kind, resumed, order, tmp_path, figure):
    printed = subprocess.check_output(
        [sys.executable, HELPERS / "crash_points.py", tmp_path / "run", kind, resumed],
        env=environment(), text=True,
    )  # fmt: skip

    found = [part.split(":") for part in printed.split()]
    operations = sum(int(times) for _, times in found)
    figure(
        f"a save stopped ({kind}) at each of {operations} file operations ({resumed} checkpoint): "
        f"found iteration:times {printed.strip()}"
    )
    assert [iteration for iteration, _ in found] == order
    assert operations > 30


@pytest.mark.linux
@pytest.mark.quick
def test_everything_is_on_the_disk_before_a_manifest_lists_it(tmp_path, monkeypatch):
    """The oracle is the order in which the system is asked to write and to rename."""
    log = []
    fsync, replace_file = os.fsync, os.replace

    def noted_fsync(descriptor):
        log.append(("fsync", Path(os.readlink(f"/proc/self/fd/{descriptor}"))))
        fsync(descriptor)

    def noted_replace(source, target):
        log.append(("replace", Path(source), Path(target)))
        replace_file(source, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    train(replace(TINY, iterations=1), tmp_path)

    moves = [entry for entry in log if entry[0] == "replace" and entry[1].name != "losses.png"]
    assert len(moves) == 2 * (len(SUFFIXES) + 2)
    for move in moves:
        assert ("fsync", move[1]) in log[: log.index(move)]
    for position, move in enumerate(log):
        if move[-1].name == "manifest.json" and move[0] == "replace":
            last_data = max(
                i for i, entry in enumerate(log[:position]) if entry[-1].name.endswith("00001")
            )
            assert ("fsync", tmp_path) in log[last_data:position]


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", disk]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only the administrator can make a small disk")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_disk_that_is_full_leaves_the_last_checkpoint(small_disk, capsys):
    train(replace(TINY, keep=1), small_disk)
    filling = small_disk / "filling"
    with pytest.raises(OSError, match="No space left"):
        filling.write_bytes(bytes(400_000))
    before = contents(small_disk)
    go_on = ["--resume", "--iterations=9", f"--output-dir={small_disk}"]

    assert main(go_on) == 2
    err = capsys.readouterr().err
    assert "the run can't be saved in" in err
    assert err.endswith(": No space left on device\n")
    assert err.count("\n") == 1
    assert contents(small_disk) == before

    filling.unlink()
    assert main(go_on) == 0
    assert len(Run.restore(small_disk).history) == 9


def test_a_figure_that_cannot_be_saved_costs_a_line_and_not_the_run(tmp_path, capsys):
    train(replace(TINY, iterations=2), tmp_path)
    (tmp_path / "losses.png").unlink()
    (tmp_path / "losses.png").mkdir()

    assert main(["--resume", "--iterations=4", f"--output-dir={tmp_path}"]) == 0
    assert capsys.readouterr().err == (
        f"python -m gru_addition.train: the figure can't be saved in {tmp_path}: Is a directory; "
        "the run itself is saved\n"
    )
    assert main([*SHORTEST, "--overwrite", f"--output-dir={tmp_path}"]) == 0
    assert capsys.readouterr().err.count("\n") == 1


# Two runs at once.


def test_of_two_runs_in_a_directory_the_second_is_refused(tmp_path, capsys):
    statuses = []

    def start_another(history):
        for more in [], ["--overwrite"], ["--resume"]:
            statuses.append(main([f"--output-dir={tmp_path}", "--iterations=1", *more]))

    run = train(replace(TINY, iterations=1), tmp_path, on_progress=start_another)

    assert statuses == [2, 2, 2]
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    for line in lines:
        assert "--output-dir must be a directory in which no other run is under way, not" in line
    assert_same_numbers(Run.restore(tmp_path), run)


@pytest.mark.posix
def test_a_run_does_not_write_into_a_directory_that_took_the_name_of_its_own(tmp_path):
    directory, moved = tmp_path / "run", tmp_path / "moved"
    other = replace(TINY, seed=5)

    def move(history):
        if len(history) == 1:
            directory.rename(moved)
            train(other, directory)

    with pytest.raises(OSError, match=r"can't be saved in .*: the directory was moved or replaced"):
        train(TINY, directory, on_progress=move)

    assert_same_numbers(Run.restore(directory), train(other))
    assert len(Run.restore(moved).history) == 0


@pytest.mark.posix
@pytest.mark.parametrize("iteration", [1, 2])
def test_a_directory_that_is_gone_is_told(iteration, tmp_path):
    def remove(history):
        if len(history) == iteration:
            shutil.rmtree(tmp_path / "run")

    with pytest.raises(OSError, match=r"can't be saved in .*run: No such file or directory"):
        train(TINY, tmp_path / "run", on_progress=remove)


@pytest.mark.posix
def test_a_saver_without_a_directory_fails_like_other_writers(tmp_path):
    (tmp_path / "file").write_text("in the way")

    with tf.Graph().as_default(), tf.Session() as session:
        session.run(tf.Variable(1.0).initializer)
        with pytest.raises(OSError, match="Not a directory"):
            variables.save(tf.train.Saver(), session, tmp_path / "file" / "model")


HOLD_AND_DIE = """
import os, signal, sys
from gru_addition.support.files import locked
with locked(sys.argv[1]):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.posix
def test_a_dead_process_holds_no_lock(tmp_path):
    holder = subprocess.run(
        [sys.executable, "-c", HOLD_AND_DIE, tmp_path], env=environment(), check=False
    )
    assert holder.returncode == -signal.SIGKILL

    train(TINY, tmp_path)


def test_a_run_can_be_read_while_it_is_trained(tmp_path):
    lengths = []

    def read(history):
        lengths.append(len(Run.restore(tmp_path).history))

    train(replace(TINY, keep=1, iterations=7), tmp_path, on_progress=read)

    assert lengths == [0, 0, 2, 2, 4, 4, 6]


def test_a_reader_looks_again_if_a_checkpoint_was_replaced_meanwhile(sound, tmp_path, monkeypatch):
    shutil.copytree(sound, tmp_path / "old")
    train(replace(TINY, iterations=6), tmp_path / "new")
    load = checkpoints.load

    def replace_before_load(directory):
        monkeypatch.setattr(checkpoints, "load", load)
        shutil.rmtree(tmp_path / "old")
        shutil.copytree(tmp_path / "new", tmp_path / "old")
        raise DamagedError("a file that was listed is missing")

    monkeypatch.setattr(checkpoints, "load", replace_before_load)

    assert len(Run.restore(tmp_path / "old").history) == 6


# Damaged files.


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """The directory of a run that has ended well; do not change it."""
    directory = tmp_path_factory.mktemp("sound")
    train(TINY, directory)
    return directory


@pytest.fixture
def copied(sound, tmp_path):
    return shutil.copytree(sound, tmp_path / "copied")


NAMES = ["manifest.json", *(f"model.ckpt-4{suffix}" for suffix in SUFFIXES)]


def flip(path, position):
    content = bytearray(path.read_bytes())
    content[int(position * (len(content) - 1))] ^= 1
    path.write_bytes(content)


def replace_by(make):
    def damage(path):
        path.unlink()
        make(path)

    return damage


FAULTS = {
    "first byte flipped": lambda path: flip(path, 0),
    "middle byte flipped": lambda path: flip(path, 0.5),
    "last bytes missing": lambda path: path.write_bytes(path.read_bytes()[:-2]),
    "half missing": lambda path: os.truncate(path, path.stat().st_size // 2),
    "empty": lambda path: os.truncate(path, 0),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"x"),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "huge": lambda path: os.truncate(path, 10**13),
    "missing": Path.unlink,
    "a directory": replace_by(Path.mkdir),
    "a pipe": replace_by(lambda path: os.mkfifo(path)),
    "a link that leads nowhere": replace_by(lambda path: path.symlink_to("/nowhere")),
    "a link to a device": replace_by(lambda path: path.symlink_to("/dev/zero")),
}


@pytest.mark.quick
@pytest.mark.parametrize(
    "fault",
    [pytest.param(f, marks=pytest.mark.posix) if "pipe" in f or "link" in f else f for f in FAULTS],
)
@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_named_and_nothing_is_destroyed(name, fault, copied, capsys):
    FAULTS[fault](copied / name)
    before = {path.name: path.lstat() for path in copied.iterdir()}

    commands = [(main, ["--resume", "--iterations=9", f"--output-dir={copied}"])]
    if (name, fault) != ("manifest.json", "missing"):
        # Without it, the directory looks like one from TensorFlow 1.
        commands.append((add, ["1", "2", f"--from={copied}"]))
    for command, arguments in commands:
        assert command(arguments) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1
        assert len(err) < 400
        assert (name in err) or (name == "manifest.json" and "holds no run" in err)
    after = {path.name: path.lstat() for path in copied.iterdir()}
    assert after.keys() == before.keys()
    for path, status in after.items():
        assert (status.st_ino, status.st_size) == (before[path].st_ino, before[path].st_size)


@pytest.mark.posix
def test_a_link_to_the_same_content_elsewhere_is_not_followed(copied, tmp_path):
    for name in NAMES:
        (copied / name).rename(tmp_path / name)
        (copied / name).symlink_to(tmp_path / name)

        with pytest.raises(DamagedError, match=f"{name} can't be read"):
            checkpoints.load(copied)

        (copied / name).unlink()
        (tmp_path / name).rename(copied / name)


@settings(max_examples=300)
@given(data=st.data())
def test_whatever_is_changed_is_noticed_or_without_effect(data, sound, tmp_path_factory):
    directory = tmp_path_factory.mktemp("changed")
    shutil.copytree(sound, directory, dirs_exist_ok=True)
    path = directory / data.draw(st.sampled_from(NAMES))
    content = bytearray(path.read_bytes())
    start = data.draw(st.integers(0, len(content)))
    content[start : start + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=40))
    path.write_bytes(content)

    with suppress(DamagedError, FileNotFoundError):
        found = checkpoints.load(directory)
        # The manifest may have lost its last entry and still be whole.
        expected = checkpoints.load(sound, len(found.history))
        assert (found.config, found.batches) == (expected.config, expected.batches)
        np.testing.assert_array_equal(found.history.train_losses, expected.history.train_losses)
    shutil.rmtree(directory)


@pytest.mark.posix
def test_a_read_only_directory_is_not_resumed_but_can_be_asked(copied, capsys, monkeypatch):
    monkeypatch.setattr(checkpoints.variables, "read_weights", lambda prefix: {})
    copied.chmod(0o555)
    before = contents(copied)

    with unprivileged(copied):
        status = main(["--resume", "--iterations=9", f"--output-dir={copied}"])
        run = Run.restore(copied)

    err = capsys.readouterr().err
    assert status == 2
    assert "--output-dir must be the name of a directory that can be written to, not" in err
    assert err.count("\n") == 1
    assert len(run.history) == 4
    assert contents(copied) == before


def test_an_empty_directory_holds_no_run(tmp_path, capsys):
    for directory in tmp_path, tmp_path / "missing":
        assert main(["--resume", f"--output-dir={directory}"]) == 2
        assert add(["1", "2", f"--from={directory}"]) == 2
        for line in capsys.readouterr().err.splitlines():
            assert line.endswith(
                f"'{directory}' holds no run; python -m gru_addition.train makes one"
            )
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_of_another_model_is_refused(copied, tmp_path, capsys):
    """The files are whole and the manifest is right, but the model has another size."""
    train(replace(TINY, hidden_size=5), tmp_path / "larger")
    for suffix in variables.INDEX, variables.DATA:
        forge(copied, suffix, (tmp_path / "larger" / f"model.ckpt-4{suffix}").read_bytes())
    before = contents(copied)

    assert main(["--resume", "--iterations=9", f"--output-dir={copied}"]) == 2
    err = capsys.readouterr().err
    assert "is a checkpoint of another model: Wr must be float64 of shape [2, 3], not " in err
    assert err.count("\n") == 1
    assert contents(copied) == before


def test_a_checkpoint_of_a_foreign_program_is_refused(tmp_path, capsys):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.Variable(np.zeros((3, 3)), name="Uz")
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, str(tmp_path / "model.ckpt"), global_step=7)
    before = contents(tmp_path)

    assert main(["--resume", f"--output-dir={tmp_path}"]) == 2
    assert add(["1", "2", f"--from={tmp_path}"]) == 2
    assert add(["1", "2", f"--from={tmp_path / 'model.ckpt-7'}"]) == 2
    first, second, third = capsys.readouterr().err.splitlines()
    assert "holds no run" in first
    assert "is a checkpoint of another model: Wr must be" in second
    assert "is a checkpoint of another model: Wr must be" in third
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["*", "-two  spaces and caf\u00e9"])
def test_a_directory_may_have_an_odd_name(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train(replace(TINY, iterations=1), name)

    assert_same_numbers(train(TINY, name, resume=True), Run.restore(name))
    assert tf.train.latest_checkpoint(name) == f"{name}/model.ckpt-4"


@pytest.mark.parametrize("name", ["run[1]", "a\\b"])
def test_a_directory_in_which_tensorflow_finds_nothing_is_trained_in_with_a_warning(
    name, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.warns(UserWarning, match=r"^TensorFlow reads \[ and \\ in a name as patterns, so"):
        train(replace(TINY, iterations=1), name)

    assert_same_numbers(train(TINY, name, resume=True), Run.restore(name))
    assert tf.train.latest_checkpoint(name) is None
    # Only the given name counts.
    monkeypatch.chdir(tmp_path / name)
    train(TINY, "run")
    assert tf.train.latest_checkpoint("run") == "run/model.ckpt-4"


# Hostile files.


def forge(directory, suffix, content):
    """Replace a file, and note the new one in the manifest as if it had always been there."""
    path = directory / f"model.ckpt-4{suffix}"
    path.write_bytes(content)
    manifest = json.loads((directory / "manifest.json").read_text())
    manifest["checkpoints"][-1]["files"][suffix] = storage.fingerprint(path)
    (directory / "manifest.json").write_text(json.dumps(manifest))


def npy(header, body=b""):
    """A file in NumPy's format with the given header."""
    text = repr(header).encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + body


class Malicious:
    def __reduce__(self):
        return print, ("a pickle was loaded",)


def pickled():
    file = io.BytesIO()
    np.save(file, np.array([Malicious()], dtype=object), allow_pickle=True)
    return file.getvalue()


def compressed_zeros():
    file = io.BytesIO()
    np.savez_compressed(file, train_losses=np.zeros(10**7))
    return file.getvalue()


LOSSES = checkpoints.LOSSES.descr
HOSTILE_FILES = [
    (".history.npy", npy({"descr": LOSSES, "fortran_order": False, "shape": (10**15,)})),
    (".history.npy", npy({"descr": LOSSES, "fortran_order": False, "shape": (10**30,)})),
    (".history.npy", npy({"descr": LOSSES, "fortran_order": False, "shape": (-4,)}, bytes(64))),
    (".history.npy", npy({"descr": "O", "fortran_order": False, "shape": (4,)}, bytes(32))),
    (".history.npy", npy({"descr": LOSSES, "fortran_order": False, "shape": (5,)}, bytes(80))),
    (".history.npy", npy("(" * 90)),
    (".history.npy", np.array([np.nan] * 8).tobytes()),
    (".history.npy", pickle.dumps(Malicious())),
    (".history.npy", pickled()),
    (".history.npy", compressed_zeros()),
    (".config.json", b"[" * 1_000_000),
    (".config.json", b"{}" + b" " * 20_000_000),
    (".config.json", b'{"iterations": 1' + b"0" * 10_000 + b"}"),
    (".config.json", b'{"iterations": 1e999}'),
    (".config.json", b'{"iterations": 3, "engine": "session"}'),
    (".config.json", b'{"output_dir": "/etc"}'),
    (".config.json", b"[]"),
    (".config.json", b"\xff\xfe"),
    (".config.json", b'{"hidden_size": 4097}'),
    (".batches.json", b"[]"),
    (".batches.json", b"{}"),
    (".batches.json", b'{"data_sha256": null, "computed_by": "", "batches": {}}'),
    (".batches.json", b'{"data_sha256": null, "computed_by": "", "batches": {"order": [], '
                      b'"position": 0, "mersenne_twister": []}}'),
    (".batches.json", b'{"data_sha256": [], "computed_by": "", "batches": {}}'),
    (".batches.json", b'{"data_sha256": null, "computed_by": 0, "batches": {}}'),
    (".index", b"x" * 200_000),
    (".index", b""),
    (".data-00000-of-00001", bytes(1_000_000)),
    (".data-00000-of-00001", b""),
]  # fmt: skip


@pytest.mark.parametrize(("suffix", "content"), HOSTILE_FILES)
def test_a_hostile_file_is_refused_although_the_manifest_agrees(suffix, content, copied, capfd):
    forge(copied, suffix, content)
    before = contents(copied)

    status = main(["--resume", "--iterations=9", f"--output-dir={copied}"])
    out, err = capfd.readouterr()

    assert status == 2
    assert "pickle" not in out
    # TensorFlow's reader names a checkpoint, not its files, and wrong settings come to light in
    # other files.
    is_named = suffix in (".history.npy", ".batches.json")
    assert "model.ckpt-4" + suffix * is_named in err
    assert "is damaged" in err
    assert err.count("\n") == 1
    assert contents(copied) == before


def test_a_directory_in_the_name_of_a_checkpoint_leads_nowhere(copied, sound):
    """TensorFlow would look up the last checkpoint in it."""
    expected = Run.restore(sound)
    train(replace(TINY, seed=9), copied.parent / "other")
    (copied / "model.ckpt-4").mkdir()
    (copied / "model.ckpt-4" / "checkpoint").write_text(
        f'model_checkpoint_path: "{copied.parent / "other" / "model.ckpt-4"}"\n'
    )

    assert_same_numbers(Run.restore(copied), expected)


GOOD_FILES = {suffix: {"bytes": 1, "sha256": "0"} for suffix in SUFFIXES}
HOSTILE_MANIFESTS = [
    b"null",
    b"[]",
    b"{}",
    b"[" * 100_000,
    b'{"checkpoints": []}' + b" " * 20_000_000,
    *(
        json.dumps({"checkpoints": entries}).encode()
        for entries in [
            [],
            {},
            5,
            [None],
            [[]],
            [{}],
            [{"iteration": 4}],
            [{"iteration": "4", "files": GOOD_FILES}],
            [{"iteration": "../4", "files": GOOD_FILES}],
            [{"iteration": True, "files": GOOD_FILES}],
            [{"iteration": -1, "files": GOOD_FILES}],
            [{"iteration": 10**30, "files": GOOD_FILES}],
            [{"iteration": 4, "files": GOOD_FILES}],
            [{"iteration": 4, "files": []}],
            [{"iteration": 4, "files": GOOD_FILES}, {"iteration": 2, "files": GOOD_FILES}],
            [{"iteration": 4, "files": GOOD_FILES}, {"iteration": 4, "files": GOOD_FILES}],
            [{"iteration": 4, "files": dict.fromkeys(SUFFIXES)}],
            [{"iteration": 4, "files": {"../../etc/passwd": {}}}],
        ]
    ),
]


@pytest.mark.parametrize("manifest", HOSTILE_MANIFESTS)
def test_a_hostile_manifest_is_refused(manifest, copied, capsys):
    (copied / "manifest.json").write_bytes(manifest)
    before = contents(copied)

    assert main(["--resume", f"--output-dir={copied}"]) == 2
    assert add(["1", "2", f"--from={copied}"]) == 2
    assert capsys.readouterr().err.count("\n") == 2
    assert contents(copied) == before


@pytest.mark.posix
def test_what_is_cleared_up_is_ours(tmp_path):
    """Files and links beside a run, with names that look like ours, stay where they are."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("mine")
    directory = tmp_path / "run"
    train(replace(TINY, iterations=2), directory)
    kept = [
        "notes.txt", "model.ckpt-2.meta", "model.ckpt-x.index", "model.ckpt-3.index.txt",
        "model.ckpt-\u0663.index", ".saving-notes", "saving-12345678",
    ]  # fmt: skip
    for name in kept:
        (directory / name).write_text("mine")
    (directory / ".saving-plans").mkdir()
    (directory / ".saving-link0000").symlink_to(outside)
    (directory / "model.ckpt-7.index").mkdir()
    (directory / ".saving-dead_000").mkdir()
    (directory / ".saving-dead_000" / "model.ckpt-9.index").write_text("left by a kill")
    (directory / "model.ckpt-3.index").write_text("left by a kill")

    train(TINY, directory, resume=True)

    names = {path.name for path in directory.iterdir()}
    assert {*kept, ".saving-plans", ".saving-link0000", "model.ckpt-7.index"} <= names
    assert not names & {".saving-dead_000", "model.ckpt-3.index"}
    assert (outside / "precious").read_text() == "mine"
