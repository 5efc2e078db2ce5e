"""Train a GRU to add: section 3 of the tutorial.

    run = train(Config(iterations=5000))
    run.adder.add(1024, 16)

The function returns the losses, the trained weights and an `Adder` that uses them. The command is

    python -m gru_addition.train --help
"""

import warnings
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

import numpy as np

from gru_addition.cells.weights import weights_of
from gru_addition.config import Config, check_resumes
from gru_addition.dataset import generate_batch
from gru_addition.runs.batches import Batches
from gru_addition.runs.data import check_data, digest
from gru_addition.runs.directory import finish, open_run
from gru_addition.runs.history import History
from gru_addition.runs.state import State, read_state, write_state
from gru_addition.support.checks import brief
from gru_addition.support.files import DamagedError
from gru_addition.support.signals import put_off


@dataclass(frozen=True, eq=False)
class Run:
    """What `train` returns. It can be copied and pickled; equal runs have the same numbers.

    config: the settings.
    history: the losses.
    weights: the trained weights, arrays by the tutorial's names, `Wr` to `b_output`.
    """

    config: Config
    history: History = field(repr=False)
    weights: dict = field(repr=False)

    @classmethod
    def restore(cls, output_dir):
        """The run saved in a directory, finished or not, as it was last saved.

        Raises `FileNotFoundError` if there is none and `ValueError` if its file is damaged.
        """
        state = read_state(output_dir)
        history = History(state.config.iterations)
        history.extend(*state.losses)
        return cls(state.config, history, weights_of(state.variables, output_dir))

    @cached_property
    def adder(self):
        """An `Adder` with the trained weights."""
        from gru_addition.add import Adder

        return Adder.from_weights(self.weights, self.config.resolution)

    def __getstate__(self):
        # The adder's session can't be copied, and is made again when it is needed.
        return {name: value for name, value in vars(self).items() if name != "adder"}

    def __eq__(self, other):
        if not isinstance(other, Run):
            return NotImplemented
        return (
            (self.config, self.weights.keys()) == (other.config, other.weights.keys())
            and np.array_equal(self.history.losses, other.history.losses)
            and all(
                np.array_equal(self.weights[name], other.weights[name]) for name in self.weights
            )
        )


def train(
    config=Config(),
    output_dir=None,
    *,
    resume=False,
    overwrite=False,
    on_progress=None,
    data=None,
    initial_weights=None,
    program=None,
):
    """Train a model as the tutorial does, and return the `Run`.

    The steps: draw the data, build the graph and open a session (`gru_addition.engines.program`),
    initialise or restore the variables, iterate (the tutorial's loop is in
    `gru_addition.engines.session`), and return what was learnt.

    config: the settings.
    output_dir: where to save the run, see `gru_addition.runs.directory`; by default nowhere.
    resume: whether to resume the run in that directory. The numbers are those of a run never
        interrupted. You may raise `iterations` and change settings that affect no number, but no
        others. If TensorFlow, the engine or the XLA settings differ now, the last digits may too; a
        warning says so.
    overwrite: whether to replace a run that the directory holds.
    on_progress: a function called with the `History` whenever it has grown.
    data: `(x_train, y_train, x_test, y_test)` to use instead of drawing sums; x of shape
        `(batch, time, 2)`, y of shape `(batch, time, 1)`. They are not saved: to resume, give
        them again.
    initial_weights: arrays by name, `Wr` to `b_output`, to start from instead of random ones.
    program: a `gru_addition.engines.program.Program` for these settings, which is left open, to use
        instead of building one.

    With a directory, Ctrl-C and SIGTERM wait until the iterations under way are done and saved.

    Raises `ValueError` or `TypeError` for arguments that do not fit, `FileNotFoundError` if there
    is no run to resume, `OSError` if the run can't be saved, and `FloatingPointError` if a loss is
    no longer finite.
    """
    if not isinstance(config, Config):
        raise TypeError(f"config must be a Config, not {brief(config)}")
    if resume and initial_weights is not None:
        raise ValueError("initial_weights must be None with resume, not given")
    if output_dir is None and (resume or overwrite):
        raise ValueError("output_dir must be given with resume or overwrite, not None")
    random_state = np.random.RandomState(config.seed)
    if data is None:
        x_train, y_train = generate_batch(config.num_bits, config.batch_size, random_state)
        x_test, y_test = generate_batch(config.num_bits, config.batch_size, random_state)
        data_sha256 = ""
    else:
        data = check_data(config, data)
        x_train, y_train, x_test, y_test = data
        data_sha256 = digest(data)
    history = History(config.iterations)
    with ExitStack() as stack:
        directory = saved = None
        if output_dir is not None:
            directory, saved = stack.enter_context(open_run(output_dir, resume, overwrite))
        if saved is not None:
            check_resumes(config, saved.config)
            if saved.data_sha256 != data_sha256:
                raise ValueError(
                    "data must be what the saved run was trained on, drawn or passed to train(), "
                    "not something else"
                )
        if program is None:
            # It needs TensorFlow, which the checks above should not wait for.
            from gru_addition.engines.program import Program

            program = stack.enter_context(closing(Program(config)))
        batches = Batches(config, x_train, y_train, random_state, program.noise_channels)
        validation_set = batches.without_noise(x_test), y_test

        def save():
            if directory is not None:
                computed = program.computed_by, program.variables()
                state = State(config, history.losses, batches.state, data_sha256, *computed)
                write_state(directory, state)

        # There is nothing to lose where nothing is saved.
        signals = [] if directory is None else stack.enter_context(put_off())
        if saved is None:
            program.initialise(config.seed, initial_weights)
        else:
            _restore(saved, history, batches, program)
        save()
        while not (history.is_complete or signals):
            number = config.checkpoint_interval - len(history) % config.checkpoint_interval
            some_batches = islice(batches, min(number, config.iterations - len(history)))
            for losses in program.run_iterations(some_batches, validation_set):
                history.extend(*losses)
                try:
                    if on_progress is not None:
                        on_progress(history)
                except (Exception, SystemExit):
                    # Its caller may want to resume behind what was not reported.
                    save()
                    raise
                if signals:
                    break
            save()
        if directory is not None:
            finish(directory, program, history)
        return Run(config, history, program.weights())


def _restore(saved, history, batches, program):
    """Give a new run the state of a saved one; raise `DamagedError` if it is that of another."""
    if saved.computed_by != program.computed_by:
        warnings.warn(
            f"the run was computed by {saved.computed_by}, and resumes with "
            f"{program.computed_by}; the last digits of its losses may differ from those of an "
            "uninterrupted run",
            stacklevel=3,
        )
    history.extend(*saved.losses)
    try:
        batches.state = saved.batches
        program.restore(saved.variables)
    except ValueError as error:
        raise DamagedError(f"the saved run is damaged: {error}") from None


if __name__ == "__main__":
    # The tutorial's readers type this; only here does a module import one above it.
    from gru_addition.cli import main

    raise SystemExit(main("train"))
