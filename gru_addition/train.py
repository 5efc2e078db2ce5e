"""Train a GRU to add: section 3 of the tutorial, as a function and as a command.

    python -m gru_addition.train --help

The function returns the losses, the trained weights and an `Adder` that uses them:

    run = train(Config(iterations=5000))
    run.adder.add(1024, 16)
"""

import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

import numpy as np
from tqdm import tqdm

from gru_addition import storage, xla
from gru_addition.checks import brief, real_array
from gru_addition.command_line import Parser, naming_flags, run_command
from gru_addition.config import Config
from gru_addition.dataset import generate_batch, mini_batches
from gru_addition.history import History

# The tutorial's last question.
QUESTION = {"a": 1024, "b": 16, "num_bits": 20}
REPORT_EVERY = 50


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
    if not isinstance(config, Config):
        raise TypeError(f"config must be a Config, not {brief(config)}")
    if on_progress is not None and (not callable(on_progress) or isinstance(on_progress, type)):
        raise TypeError(f"on_progress must be a function of a History, not {brief(on_progress)}")
    random_state = np.random.RandomState(config.seed)
    data = _draw_data(config, random_state) if data is None else _check_data(config, data)
    x_train, y_train, *validation_set = data
    batches = islice(_batches(config, x_train, y_train, random_state), config.iterations)
    if output_dir is not None:
        output_dir = storage.prepare_directory(output_dir)

    from gru_addition.engines import choose_engine
    from gru_addition.model import AdditionModel, tf

    history = History(config.iterations)
    with tf.Graph().as_default() as graph, xla.for_xla():
        model = AdditionModel(config.hidden_size, config.learning_rate, config.dtype, config.seed)
        initialize = tf.global_variables_initializer()
        initial_values = {} if initial_weights is None else model.initial_values(initial_weights)
        run_iterations = choose_engine(config.engine)(model, config)
        graph.finalize()
    # Not `with session`, which would make its graph the default for the caller's function as well.
    with closing(tf.Session(graph=graph)) as session:
        session.run(initialize, feed_dict=initial_values)
        for losses in run_iterations(session, batches, validation_set):
            history.extend(*losses)
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
    """Return the caller's data as arrays; raise `ValueError` if they do not fit."""
    if config.fresh_batches:
        raise ValueError("data must be None with fresh_batches, which draws new sums")
    try:
        x_train, y_train, x_test, y_test = data
    except (TypeError, ValueError):
        raise ValueError(
            f"data must be four arrays, (x_train, y_train, x_test, y_test), not {brief(data)}"
        ) from None
    x_train = real_array("x_train", x_train, "batch", "time", 2)
    y_train = real_array("y_train", y_train, *x_train.shape[:2], 1)
    x_test = real_array("x_test", x_test, "batch", "time", 2)
    y_test = real_array("y_test", y_test, *x_test.shape[:2], 1)
    if config.mini_batch_size is not None and config.mini_batch_size > len(x_train):
        raise ValueError(
            f"mini_batch_size must be at most the number of examples in x_train, {len(x_train)}, "
            f"not {config.mini_batch_size}"
        )
    return x_train, y_train, x_test, y_test


def _batches(config, x_train, y_train, random_state):
    """Yield the batch of each iteration, for ever; draws go on where those of the data ended."""
    if config.mini_batch_size is not None:
        yield from mini_batches(x_train, y_train, config.mini_batch_size, random_state)
    while config.fresh_batches:
        yield generate_batch(config.num_bits, config.batch_size, random_state)
    while True:
        yield x_train, y_train


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
    with naming_flags(["output_dir", *values]):
        config = Config(**values)
        storage.prepare_directory(output_dir)
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
    xla.prepare_process()
    sys.exit(main())
