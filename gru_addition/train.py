"""Train a GRU to add: section 3 of the tutorial, as a function and as a command.

    python -m gru_addition.train --help

The function returns the losses, the trained weights and an `Adder` that uses them:

    run = train(Config(iterations=5000))
    run.adder.add(1024, 16)
"""

import sys
import time
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np
from tqdm import tqdm

from gru_addition import storage
from gru_addition.checks import brief
from gru_addition.command_line import Parser, UserError, parse_settings, run_command
from gru_addition.config import Config
from gru_addition.dataset import generate_batch, mini_batches

# The tutorial's last question.
QUESTION = {"a": 1024, "b": 16, "num_bits": 20}
REPORT_EVERY = 50


class History:
    """The losses of a run so far.

    iterations: how many there will be.
    train_losses, validation_losses: float64 arrays, one number for each iteration done. The
        training loss is that before the iteration's step, the validation loss that after it.
    """

    def __init__(self, iterations):
        self.iterations = iterations
        self._losses = np.empty((2, iterations))
        self._done = 0

    def __len__(self):
        return self._done

    def extend(self, train_losses, validation_losses):
        done = self._done + len(train_losses)
        self._losses[:, self._done : done] = train_losses, validation_losses
        self._done = done

    @property
    def is_complete(self):
        return self._done == self.iterations

    @property
    def train_losses(self):
        return self._losses[0, : self._done]

    @property
    def validation_losses(self):
        return self._losses[1, : self._done]


@dataclass(frozen=True)
class Run:
    """What `train` returns.

    config: the settings.
    history: the losses.
    weights: the trained weights, arrays by the tutorial's names, `Wr` to `b_output`.
    """

    config: Config
    history: History
    weights: dict

    @cached_property
    def adder(self):
        """An `Adder` with the trained weights."""
        from gru_addition.add import Adder

        return Adder.from_weights(self.weights)


def train(config=Config(), output_dir=None, *, on_progress=None, data=None, initial_weights=None):
    """Train a model as the tutorial does, and return the `Run`.

    config: the settings.
    output_dir: where to save the run, see `gru_addition.storage`; by default nowhere.
    on_progress: a function that is called with the `History` whenever it has grown.
    data: `(x_train, y_train, x_test, y_test)` to use instead of drawing sums; x of shape
        `(batch, time, 2)`, y of shape `(batch, time, 1)`.
    initial_weights: arrays by name, `Wr` to `b_output`, to start from instead of random ones.

    Raises `ValueError` or `TypeError` for arguments that do not fit, `OSError` if the run can't be
    saved, and `FloatingPointError` if a loss is no longer finite.
    """
    random_state = np.random.RandomState(config.seed)
    data = _draw_data(config, random_state) if data is None else _check_data(config, data)
    x_train, y_train, *validation_set = data
    batches = islice(_batches(config, x_train, y_train, random_state), config.iterations)
    if output_dir is not None:
        output_dir = storage.prepare_directory(output_dir)

    from gru_addition.engines import ENGINES
    from gru_addition.model import AdditionModel, tf

    history = History(config.iterations)
    with tf.Graph().as_default() as graph:
        model = AdditionModel(config.hidden_size, config.learning_rate, config.dtype, config.seed)
        initialize = tf.global_variables_initializer()
        feed = {} if initial_weights is None else model.initial_values(initial_weights)
        graph.finalize()
    # Not `with session`, which would make its graph the default for the caller's function as well.
    with closing(tf.Session(graph=graph)) as session:
        session.run(initialize, feed_dict=feed)
        for losses in ENGINES[config.engine](model, session, batches, validation_set):
            history.extend(*losses)
            _check_finite(history)
            if on_progress is not None:
                on_progress(history)
        run = Run(config, history, session.run(model.weights))

    if output_dir is not None:
        storage.save_run(run, output_dir)
    return run


def _draw_data(config, random_state):
    """Draw the training and the validation set, in the tutorial's order."""
    return (
        *generate_batch(config.num_bits, config.batch_size, random_state),
        *generate_batch(config.num_bits, config.batch_size, random_state),
    )


def _check_data(config, data):
    """Return the caller's data as float64 arrays; raise `ValueError` if they do not fit."""
    if config.fresh_batches:
        raise ValueError("data must be None with fresh_batches, which draws new sums")
    names = "x_train", "y_train", "x_test", "y_test"
    if len(data) != len(names):
        raise ValueError(f"data must be ({', '.join(names)}), not {len(data)} arrays")
    data = [np.asarray(array, np.float64) for array in data]
    for name, array, channels in zip(names, data, (2, 1, 2, 1), strict=True):
        if array.ndim != 3 or array.shape[2] != channels or 0 in array.shape:
            raise ValueError(
                f"{name} must have the shape (batch, time, {channels}), not {array.shape}"
            )
        if not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite")
    x_train, y_train, x_test, y_test = data
    for name, x, y in ("y_train", x_train, y_train), ("y_test", x_test, y_test):
        if y.shape[:2] != x.shape[:2]:
            raise ValueError(f"{name} must have the shape {(*x.shape[:2], 1)}, not {y.shape}")
    if config.mini_batch_size is not None and config.mini_batch_size > len(x_train):
        raise ValueError(
            f"mini_batch_size must be at most the number of examples in x_train, {len(x_train)}, "
            f"not {config.mini_batch_size}"
        )
    return data


def _batches(config, x_train, y_train, random_state):
    """Yield the batch of each iteration, for ever; draws go on where those of the data ended."""
    if config.mini_batch_size is not None:
        yield from mini_batches(x_train, y_train, config.mini_batch_size, random_state)
    while config.fresh_batches:
        yield generate_batch(config.num_bits, config.batch_size, random_state)
    while True:
        yield x_train, y_train


def _check_finite(history):
    latest = history.train_losses[-1], history.validation_losses[-1]
    if not np.isfinite(latest).all():
        raise FloatingPointError(
            f"the losses are no longer finite at iteration {len(history) - 1}; "
            "a smaller learning_rate may help"
        )


def main(argv=None):
    """Run the command with these arguments, by default the program's; return its exit status."""
    return run_command("python -m gru_addition.train", _train_and_ask, argv)


def _train_and_ask(argv):
    config, output_dir = _parse(argv)
    started = time.perf_counter()
    run = _train_with_reports(config, output_dir)
    seconds = time.perf_counter() - started
    print(f"\n{config.iterations:,} iterations in {seconds:.1f} s, saved in {output_dir}\n")

    from gru_addition.add import show_sum

    a, b, num_bits = QUESTION.values()
    print(f"What is {a} + {b}, on {num_bits} bits?\n")
    answer = run.adder.add(a, b, num_bits)
    print(show_sum(a, b, answer, num_bits))
    verdict = "right" if answer == a + b else f"wrong: it is {a + b}"
    print(f"\nThe network says {answer}, which is {verdict}.")


def _parse(argv):
    """Return the settings and a directory that can be written to; raise `UserError` if not."""
    parser = Parser(
        prog="python -m gru_addition.train",
        description="Train a GRU to add two numbers bit by bit, save the run, and ask it for "
        f"{QUESTION['a']} + {QUESTION['b']} on {QUESTION['num_bits']} bits.",
        epilog="The exit status is 0 if the network was trained and saved, whatever its answer, "
        "and 2 if an argument is wrong or the run can't be saved.",
    )
    parser.add_settings(Config)
    parser.add_argument(
        "--output-dir",
        metavar="DIR",
        default=str(storage.DEFAULT_DIRECTORY),
        help="where to save losses, figure, weights and settings (default: %(default)s)",
    )
    values = vars(parser.parse_args(argv))
    output_dir = values.pop("output_dir")
    config = parse_settings(Config, values)
    try:
        storage.prepare_directory(output_dir)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"--output-dir must be a directory that can be written to, not {brief(output_dir)}: "
            f"{reason}"
        ) from None
    return config, output_dir


def _train_with_reports(config, output_dir):
    """Train; print the tutorial's line every 50 iterations, and show a bar on a terminal."""
    next_report = 0
    with tqdm(total=config.iterations, unit="it", disable=None, leave=False) as bar:

        def report(history):
            nonlocal next_report
            while next_report < len(history):
                train_loss = history.train_losses[next_report]
                test_loss = history.validation_losses[next_report]
                with tqdm.external_write_mode():
                    print(
                        f"Iteration: {next_report}, "
                        f"train loss: {train_loss:.4f}, test loss: {test_loss:.4f}",
                        flush=True,
                    )
                next_report += REPORT_EVERY
            train_loss, test_loss = history.train_losses[-1], history.validation_losses[-1]
            bar.set_postfix_str(f"train {train_loss:.4f}, test {test_loss:.4f}", refresh=False)
            bar.update(len(history) - bar.n)

        return train(config, output_dir, on_progress=report)


if __name__ == "__main__":
    sys.exit(main())
