"""A run is resumed bit for bit, and no run is lost: not replaced, mixed up or half saved.

The oracle is a run that nothing interrupted.
"""

import os
import shutil
import signal
from contextlib import closing
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from common import assert_same_numbers, contents, run_from_scratch

from gru_addition.engines.program import Program
from gru_addition.runs.directory import RUN, move_aside
from gru_addition.runs.state import read_state, write_state
from gru_addition.train import Config, Run, train

SHORT = Config(num_bits=3, batch_size=10, hidden_size=3, iterations=40, checkpoint_every=16,
               iterations_per_run=4, engine="session")  # fmt: skip
KINDS = {
    "full": {"cell": "lstm"},
    "mini": {"mini_batch_size": 7},
    "fresh": {"fresh_batches": True},
    "noise": {"state_noise": 0.1, "jacobian_penalty": 0.01, "mini_batch_size": 7},
}
TINY = replace(SHORT, iterations=4, checkpoint_every=2)
AT_THE_END = {"checkpoint", "model.ckpt.index", "model.ckpt.data-00000-of-00001", "losses.png"}
torture = pytest.mark.torture


@pytest.fixture(scope="module")
def train_tiny():
    """Trains TINY, or as many iterations or with the seed asked for, by one program for all."""
    with closing(Program(TINY)) as program:
        yield lambda *arguments, config=TINY, **options: train(
            config, *arguments, program=program, **options
        )


@pytest.fixture(scope="module")
def sound(tmp_path_factory, train_tiny):
    """The directory of a run that has ended well; do not change it."""
    directory = tmp_path_factory.mktemp("sound")
    train_tiny(directory)
    return directory


@pytest.fixture
def copied(sound, tmp_path):
    return shutil.copytree(sound, tmp_path / "copied")


def interrupt_at(*iterations, number=signal.SIGINT):
    """A callback that sends a signal to this process when that many iterations are done."""
    waiting = [*iterations]

    def on_progress(history):
        if waiting and len(history) >= waiting[0]:
            waiting.pop(0)
            signal.raise_signal(number)

    return on_progress


@pytest.mark.parametrize(
    ("engine", "kind"),
    [
        *(("session", kind) for kind in KINDS),
        ("compiled", "mini"),
        *(pytest.param("compiled", kind, marks=torture) for kind in KINDS if kind != "mini"),
    ],
)
def test_a_resumed_run_has_the_numbers_of_one_never_interrupted(engine, kind, tmp_path):
    config = replace(SHORT, engine=engine, **KINDS[kind])
    with closing(Program(config)) as program:
        training = partial(train, program=program)
        expected = training(config)
        # Fewer iterations, as if more were asked for later, and then two interruptions.
        training(replace(config, iterations=5), tmp_path)
        for iteration in 11, 27:
            with pytest.raises(KeyboardInterrupt):
                training(config, tmp_path, resume=True, on_progress=interrupt_at(iteration))
            assert iteration <= len(Run.restore(tmp_path).history) < iteration + 5
    # A program of its own, as in another process.
    resumed = train(config, tmp_path, resume=True)

    assert_same_numbers(resumed, expected)
    assert_same_numbers(Run.restore(tmp_path), expected)
    assert Run.restore(tmp_path).config == config


def test_what_changes_no_number_may_be_changed_on_the_way(tmp_path, train_tiny):
    train_tiny(tmp_path, config=replace(TINY, iterations=2))
    changed = replace(TINY, iterations_per_run=9, checkpoint_every=7, resolution=3)

    run = train_tiny(tmp_path, config=changed, resume=True)

    assert_same_numbers(run, train_tiny())
    assert Run.restore(tmp_path).config == changed


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 3},
        {"dtype": "float32"},
        {"iterations": 2},
        {"fresh_batches": True},
        {"engine": "compiled"},
        {"cell": "lstm"},
    ],
)
def test_what_changes_numbers_may_not_be_changed(changes, copied):
    before = contents(copied)

    with pytest.raises(ValueError, match=f"{next(iter(changes))} .*not"):
        train(replace(TINY, **changes), copied, resume=True)
    assert contents(copied) == before


def test_a_finished_run_may_be_resumed_and_has_nothing_to_do(copied, sound, train_tiny):
    run = train_tiny(copied, resume=True)

    assert_same_numbers(run, Run.restore(sound))
    assert (copied / RUN).read_bytes() == (sound / RUN).read_bytes()


def test_the_callers_own_data_must_be_given_again(tmp_path, train_tiny):
    random_state = np.random.RandomState(0)
    data = [random_state.randint(0, 2, size=(6, 4, size)) for size in (2, 1, 2, 1)]
    train_tiny(tmp_path, data=data)
    longer = replace(TINY, iterations=7)

    for other in None, [*data[:3], 1 - data[3]]:
        with pytest.raises(ValueError, match="data must be what the saved run was trained on"):
            train_tiny(tmp_path, config=longer, resume=True, data=other)
    resumed = train_tiny(tmp_path, config=longer, resume=True, data=data)

    assert_same_numbers(resumed, train_tiny(config=longer, data=data))


def test_arguments_that_contradict_each_other_are_refused(copied):
    weights, before = Run.restore(copied).weights, contents(copied)

    for names, options in [
        ("initial_weights .* resume", {"resume": True, "initial_weights": weights}),
        ("resume and overwrite", {"resume": True, "overwrite": True}),
        ("output_dir .* resume", {"output_dir": None, "resume": True}),
    ]:
        with pytest.raises(ValueError, match=names):
            train(TINY, **{"output_dir": copied} | options)
    assert contents(copied) == before


def test_a_run_that_another_tensorflow_computed_is_resumed_with_a_warning(copied, train_tiny):
    write_state(copied, replace(read_state(copied), computed_by="TensorFlow 2.99"))

    with pytest.warns(UserWarning, match=r"by TensorFlow 2.99, and resumes with TensorFlow 2.*ses"):
        train_tiny(copied, resume=True)


# Signals and failures.


def test_a_signal_waits_until_the_run_is_saved_and_then_does_what_it_always_does(
    tmp_path, train_tiny
):
    received = []
    previous = signal.signal(signal.SIGTERM, lambda number, frame: received.append(number))
    try:
        train_tiny(tmp_path, on_progress=interrupt_at(3, number=signal.SIGTERM))
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, previous)

    assert received == [signal.SIGTERM] * 2
    assert len(Run.restore(tmp_path).history) == 3


def test_a_second_ctrl_c_does_not_wait(tmp_path, train_tiny):
    with pytest.raises(KeyboardInterrupt):
        train_tiny(tmp_path, on_progress=lambda history: [signal.raise_signal(2) for _ in "ab"])

    assert len(Run.restore(tmp_path).history) == 0


def test_without_a_directory_ctrl_c_waits_for_nothing(train_tiny):
    seen = []

    with pytest.raises(KeyboardInterrupt):
        train_tiny(on_progress=lambda h: (seen.append(len(h)), signal.raise_signal(2)))
    assert seen == [1]


@pytest.mark.parametrize("error", [BrokenPipeError, SystemExit])
def test_what_a_callback_fails_to_report_is_saved(error, tmp_path, sound, train_tiny):
    def fail(history):
        if len(history) == 3:
            raise error

    with pytest.raises(error):
        train_tiny(tmp_path, on_progress=fail)

    assert len(Run.restore(tmp_path).history) == 3
    assert_same_numbers(train_tiny(tmp_path, resume=True), Run.restore(sound))


def test_a_run_that_diverges_keeps_its_last_state(tmp_path, train_tiny):
    data = [np.ones((6, 4, size)) for size in (2, 1, 2, 1)]
    # The example whose turn comes at iteration 3.
    data[1][np.random.RandomState(TINY.seed).permutation(6)[3]] = 1e200
    config = replace(TINY, batch_size=6, mini_batch_size=1)

    with pytest.raises(FloatingPointError, match="no longer finite at iteration 3"):
        train_tiny(tmp_path, config=config, data=data)

    assert len(Run.restore(tmp_path).history) == 2


def test_a_caller_can_change_neither_the_losses_nor_what_is_trained_on(tmp_path, train_tiny):
    data = [np.ones((6, 4, size)) for size in (2, 1, 2, 1)]
    expected = train_tiny(data=data)

    def meddle(history):
        for array in data:
            array[:] = 0
        for losses in history.losses, history.train_losses, history.validation_losses:
            with pytest.raises(ValueError, match="read-only"):
                losses[:] = 0

    assert train_tiny(tmp_path, data=data, on_progress=meddle) == expected
    assert Run.restore(tmp_path) == expected


def test_a_figure_that_can_not_be_saved_takes_no_run_away(tmp_path, sound, train_tiny):
    def get_in_the_way(history):
        (tmp_path / "losses.png").mkdir(exist_ok=True)

    with pytest.warns(UserWarning, match=f"not all was saved .* but {RUN} is"):
        train_tiny(tmp_path, on_progress=get_in_the_way)

    assert_same_numbers(Run.restore(tmp_path), Run.restore(sound))


# One run at a time, and none replaced by accident.


def test_a_run_is_replaced_only_on_purpose_and_then_with_all_that_belongs_to_it(copied, train_tiny):
    (copied / "notes.txt").write_text("mine")
    before, files = contents(copied), []

    with pytest.raises(ValueError, match="output_dir must be a directory without a run, unless"):
        train_tiny(copied)
    assert contents(copied) == before
    other = replace(TINY, seed=1, iterations=3)
    run = train_tiny(
        copied,
        config=other,
        overwrite=True,
        on_progress=lambda _: files.append({*contents(copied)}),
    )

    assert before.keys() == {RUN, "notes.txt", *AT_THE_END}
    # Nothing of the old run stands beside the new one.
    assert files == [{RUN, "notes.txt"}] * 3
    assert contents(copied).keys() == before.keys()
    assert_same_numbers(Run.restore(copied), run)
    assert Run.restore(copied).config == other


@pytest.mark.parametrize("name", sorted({RUN, *AT_THE_END}))
def test_what_another_program_has_left_is_not_replaced_either(name, tmp_path, train_tiny):
    (tmp_path / name).write_text("precious")

    with pytest.raises(ValueError, match=f"output_dir must be .*, which holds {name}"):
        train_tiny(tmp_path)
    assert (tmp_path / name).read_text() == "precious"


HOLD = """
import sys
from gru_addition.runs.directory import alone
with alone(sys.argv[1]):
    print("here")
"""


def test_of_two_runs_in_a_directory_the_second_is_refused(tmp_path, train_tiny):
    refused = []

    def start_another(history):
        for options in {}, {"overwrite": True}, {"resume": True}:
            with pytest.raises(ValueError, match="no other run is under way"):
                train(TINY, tmp_path, **options)
        with pytest.raises(ValueError, match="no other run is under way"):
            move_aside(tmp_path)
        refused.append(run_from_scratch("-c", HOLD, tmp_path))

    config = replace(TINY, iterations=1)
    run = train_tiny(tmp_path, config=config, on_progress=start_another)

    assert "no other run is under way" in refused[0].stderr
    assert refused[0].stdout == ""
    assert_same_numbers(Run.restore(tmp_path), run)
    # When the run has ended, its directory is free.
    assert run_from_scratch("-c", HOLD, tmp_path).stdout == "here\n"


def test_a_run_can_be_read_while_it_is_trained(tmp_path, train_tiny):
    lengths = []

    train_tiny(tmp_path, on_progress=lambda _: lengths.append(len(Run.restore(tmp_path).history)))

    assert lengths == [0, 0, 2, 2]


def test_a_run_is_moved_aside_whole_under_the_time_at_which_it_was_finished(
    sound, tmp_path, monkeypatch
):
    latest, moved = tmp_path / "latest", []
    assert move_aside(latest) is None
    # Two runs that were finished within a second, on another filesystem than their new place.
    monkeypatch.setattr(os, "rename", lambda *_: os.replace("no", "where"))
    for text in "first", "second":
        shutil.copytree(sound, latest, dirs_exist_ok=True)
        (latest / "notes.txt").write_text(text)
        os.utime(latest / RUN, (1_700_000_000,) * 2)
        moved.append((move_aside(latest), contents(sound) | {"notes.txt": text.encode()}))

    assert contents(latest) == {}
    first, second = (directory.name for directory, _ in moved)
    assert (len(first), first[:5], second) == (19, "2023-", f"{first}-2")
    for directory, expected in moved:
        assert directory.parent == tmp_path
        assert contents(directory) == expected


def test_a_move_that_was_stopped_midway_is_finished_by_the_next_one(sound, tmp_path):
    names = sorted(contents(sound), key=lambda name: name == RUN)
    for done in range(len(names)):
        latest = shutil.copytree(sound, tmp_path / str(done) / "latest")
        target = move_aside(latest)
        # As it is if a kill comes when so many files are moved.
        for name in names[done:]:
            os.replace(target / name, latest / name)

        assert move_aside(latest) == target
        assert contents(target) == contents(sound)
        assert contents(latest) == {}
