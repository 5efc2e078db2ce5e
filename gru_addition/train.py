"""Train a GRU to add: section 3 of the tutorial.

    run = train(Config(iterations=5000))
    run.adder.add(1024, 16)

The function returns the losses, the trained weights and an `Adder` that uses them. The command,

    python -m gru_addition.train --help

is in `gru_addition.commands.train`.
"""

from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import islice

import numpy as np

from gru_addition.config import Config
from gru_addition.dataset import generate_batch
from gru_addition.runs.batches import Batches
from gru_addition.runs.checkpoints import Checkpoint, load_with_weights
from gru_addition.runs.data import check_data, digest
from gru_addition.runs.directory import open_run
from gru_addition.runs.history import History
from gru_addition.support.checks import brief


@dataclass(frozen=True)
class Run:
    """What `train` returns.

    config: the settings.
    history: the losses.
    weights: the trained weights, arrays by the tutorial's names, `Wr` to `b_output`.
    """

    config: Config
    history: History = field(repr=False)
    weights: dict = field(repr=False)

    @classmethod
    def restore(cls, output_dir):
        """The run saved in a directory, finished or not, at its last checkpoint.

        Raises `FileNotFoundError` if there is none and `ValueError` if its files are damaged.
        """
        checkpoint, weights = load_with_weights(output_dir)
        return cls(checkpoint.config, checkpoint.history, weights)

    @cached_property
    def adder(self):
        """An `Adder` with the trained weights."""
        from gru_addition.add import Adder

        return Adder.from_weights(self.weights, self.config.resolution)


def train(
    config=Config(),
    output_dir=None,
    *,
    resume=False,
    overwrite=False,
    on_progress=None,
    data=None,
    initial_weights=None,
):
    """Train a model as the tutorial does, and return the `Run`.

    config: the settings.
    output_dir: where to save the run, see `gru_addition.runs.checkpoints`; by default nowhere.
    resume: whether to resume the run in that directory. The numbers are those of a run never
        interrupted. You may raise `iterations` and change settings that affect no number, but no
        others. Give the iteration of a checkpoint to resume from that one instead of the last. If
        TensorFlow, the engine or the XLA settings differ now, the last digits may too; a warning
        says so.
    overwrite: whether to replace a run that the directory holds.
    on_progress: a function called with the `History` whenever it has grown.
    data: `(x_train, y_train, x_test, y_test)` to use instead of drawing sums; x of shape
        `(batch, time, 2)`, y of shape `(batch, time, 1)`. They are not saved: to resume, give
        them again.
    initial_weights: arrays by name, `Wr` to `b_output`, to start from instead of random ones.

    With a directory, Ctrl-C and SIGTERM wait until the iterations under way are done and saved.

    Raises `ValueError` or `TypeError` for arguments that do not fit, `FileNotFoundError` if there
    is no run to resume, `OSError` if the run can't be saved, and `FloatingPointError` if a loss is
    no longer finite.
    """
    if not isinstance(config, Config):
        raise TypeError(f"config must be a Config, not {brief(config)}")
    if on_progress is not None and (not callable(on_progress) or isinstance(on_progress, type)):
        raise TypeError(f"on_progress must be a function of a History, not {brief(on_progress)}")
    if resume is not False and initial_weights is not None:
        raise ValueError("initial_weights must be None with resume, not given")
    if data is not None:
        data = check_data(config, data)
    with open_run(output_dir, resume, overwrite) as place:
        if place.resumed is not None:
            place.resumed.check_continues(asdict(config), data)
        return train_in(place, config, on_progress, data, initial_weights)


def train_in(place, config, on_progress=None, data=None, initial_weights=None, program=None):
    """Train in a place opened by `open_run`; otherwise like `train`, but nothing is checked.

    The steps: draw the data, build the graph and open a session (`gru_addition.engines.program`),
    initialise or restore the variables, iterate (the tutorial's loop is in
    `gru_addition.engines.session`), and return what was learnt.

    program: a `Program` to use, and to leave open, instead of building one.
    """
    from gru_addition.engines.program import Program

    random_state = np.random.RandomState(config.seed)
    x_train, y_train, x_test, y_test = data or _draw_data(config, random_state)
    batches = Batches(config, x_train, y_train, random_state)
    validation_set = batches.without_noise(x_test), y_test
    history = History(config.iterations)
    if place.resumed is not None:
        place.resumed.take_up(history, batches)

    data_sha256 = digest(data)

    def save():
        state = Checkpoint(config, history, batches.state, data_sha256, program.computed_by)
        place.save(program.saver, program.session, state)

    with ExitStack() as stack:
        if program is None:
            program = stack.enter_context(closing(Program(config)))
        signals = stack.enter_context(place.signals_put_off())
        if place.resumed is None:
            program.initialise(config.seed, initial_weights)
            save()
        else:
            place.restore(program.saver, program.session, program.computed_by)
        while not (history.is_complete or signals):
            number = config.checkpoint_interval - len(history) % config.checkpoint_interval
            some_batches = islice(batches, min(number, config.iterations - len(history)))
            for losses in program.run_iterations(some_batches, validation_set):
                history.extend(*losses)
                _report(on_progress, history, save)
                if signals:
                    break
            save()
        if len(history) > 0:
            place.save_figure(history)
        return Run(config, history, program.weights())


def _draw_data(config, random_state):
    """Draw the training and the validation set, in the tutorial's order."""
    return (
        *generate_batch(config.num_bits, config.batch_size, random_state),
        *generate_batch(config.num_bits, config.batch_size, random_state),
    )


def _report(on_progress, history, save):
    """Call the caller's function; if it fails, save what it could not report."""
    if on_progress is not None:
        try:
            on_progress(history)
        except Exception:
            save()
            raise


if __name__ == "__main__":
    from gru_addition.commands.train import main
    from gru_addition.support import xla

    xla.prepare_process()
    raise SystemExit(main())
