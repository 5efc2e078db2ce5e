"""Train a GRU to add: section 3 of the tutorial, as a function and as a command.

    python -m gru_addition.train --help

The function returns the losses, the trained weights and an `Adder` that uses them:

    run = train(Config(iterations=5000))
    run.adder.add(1024, 16)
"""

import hashlib
import os
import shlex
import sys
import time
import warnings
from contextlib import ExitStack, closing, nullcontext
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import islice
from types import SimpleNamespace

import numpy as np
from tqdm import tqdm

from gru_addition.config import LARGEST_ORDER, Config, check_resumes
from gru_addition.dataset import generate_batch
from gru_addition.runs import variables
from gru_addition.runs.batches import Batches
from gru_addition.runs.checkpoints import Checkpoint, load_with_weights
from gru_addition.runs.directory import open_run
from gru_addition.runs.history import History
from gru_addition.support import xla
from gru_addition.support.checks import brief, real_array
from gru_addition.support.command_line import (
    DEFAULT_DIRECTORY,
    Parser,
    naming_flags,
    number_or_text,
    run_command,
)
from gru_addition.support.signals import Interrupted, put_off

COMMAND = "python -m gru_addition.train"
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

    @classmethod
    def restore(cls, output_dir):
        """The run whose last checkpoint is in a directory, finished or not.

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
    resume: whether to go on with the run in that directory, to the same numbers as if it had never
        been interrupted. Of its settings only `iterations`, which may be raised, and those on which
        no number depends may be others. The iteration of a checkpoint goes on from that one instead
        of the last. A warning tells if another TensorFlow, engine or setting of XLA computes it
        now, which may change last digits.
    overwrite: whether to replace a run that the directory holds.
    on_progress: a function that is called with the `History` whenever it has grown.
    data: `(x_train, y_train, x_test, y_test)` to use instead of drawing sums; x of shape
        `(batch, time, 2)`, y of shape `(batch, time, 1)`. They are not saved: to resume, they must
        be given again.
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
    if output_dir is None and (resume is not False or overwrite):
        raise ValueError("output_dir must be given with resume or overwrite, not None")
    if resume is not False and initial_weights is not None:
        raise ValueError("initial_weights must be None with resume, not given")
    if data is not None:
        data = _check_data(config, data)
    if output_dir is None:
        return _train(config, None, on_progress, data, initial_weights)
    with open_run(output_dir, resume, overwrite) as directory:
        if directory.resumed is not None:
            _check_resumes(asdict(config), data, directory.resumed)
        return _train(config, directory, on_progress, data, initial_weights)


def _check_resumes(given, data, saved):
    """Raise `ValueError` unless a run can go on from the `Checkpoint` saved with these."""
    check_resumes(given, saved.config)
    if saved.data_sha256 != _digest(data):
        raise ValueError(
            "data must be those that the saved run was trained on: those drawn, or the same that "
            "train() was called with, not others"
        )


def _train(config, directory, on_progress, data=None, initial_weights=None):
    """Train, and save the run in a `RunDirectory`, which may be None."""
    resumed = None if directory is None else directory.resumed
    random_state = np.random.RandomState(config.seed)
    data_sha256 = _digest(data)
    x_train, y_train, x_test, y_test = data or _draw_data(config, random_state)
    batches = Batches(config, x_train, y_train, random_state)
    if config.has_noise:
        # The network is validated without noise.
        x_test = np.pad(x_test, [(0, 0), (0, 0), (0, config.hidden_size)])
    history = History(config.iterations)
    if resumed is not None:
        history.extend(resumed.history.train_losses, resumed.history.validation_losses)
        resumed.set_batches(batches)
    built = _build(config, initial_weights, is_saved=directory is not None)

    def save():
        if directory is not None:
            state = Checkpoint(config, history, batches.state, data_sha256, built.computed_by)
            directory.save(built.saver, session, state)

    # Not `with session`, which would make its graph the default for the caller's function as well.
    waiting = nullcontext([]) if directory is None else put_off()
    with closing(built.open_session()) as session, waiting as signals:
        if resumed is None:
            session.run(built.initialize, feed_dict=built.initial_values)
            save()
            if directory is not None:
                variables.warn_of_pattern(directory.given)
        else:
            _warn_of_other_digits(resumed.computed_by, built.computed_by)
            variables.restore(built.saver, session, resumed.prefix)
            directory.finish_save()
        while not (history.is_complete or signals):
            number = config.checkpoint_interval - len(history) % config.checkpoint_interval
            some_batches = islice(batches, min(number, config.iterations - len(history)))
            for losses in built.run_iterations(session, some_batches, (x_test, y_test)):
                history.extend(*losses)
                _report(on_progress, history, save)
                if signals:
                    break
            save()
        if directory is not None and len(history) > 0:
            directory.save_figure(history)
        return Run(config, history, session.run(built.weights))


def _build(config, initial_weights, is_saved):
    """Build the graph, and return what is needed of it."""
    from gru_addition.engines import graphs
    from gru_addition.engines.compiled import ENGINES, REVISIONS, choose_engine
    from gru_addition.model import AdditionModel, tf

    engine = choose_engine(config.engine)

    def build():
        model = AdditionModel(
            config.hidden_size,
            config.learning_rate,
            config.dtype,
            config.seed,
            state_noise=config.state_noise,
            jacobian_penalty=config.jacobian_penalty,
        )
        initial_values = {} if initial_weights is None else model.initial_values(initial_weights)
        return SimpleNamespace(
            initialize=tf.global_variables_initializer(),
            initial_values=initial_values,
            run_iterations=ENGINES[engine](model, config),
            saver=tf.train.Saver(max_to_keep=None) if is_saved else None,
            weights=model.weights,
        )

    graph, built = graphs.build_graph(build)
    built.open_session = lambda: graphs.open_session(graph)
    flags = os.environ.get(xla.FLAGS, "") if engine == "compiled" else ""
    built.computed_by = (
        f"TensorFlow {tf.__version__}, {engine} engine, revision {REVISIONS[engine]}, "
        f"{xla.FLAGS}={flags!r}"
    )
    return built


def _report(on_progress, history, save):
    """Call the caller's function; if it fails, save what it could not report."""
    if on_progress is not None:
        try:
            on_progress(history)
        except Exception:
            save()
            raise


def _warn_of_other_digits(before, now):
    if now != before:
        warnings.warn(
            f"the run was computed by {before}, and goes on with {now}; the last digits of its "
            "losses may not be those of a run never interrupted",
            stacklevel=4,
        )


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
    if config.mini_batch_size is not None and len(x_train) > LARGEST_ORDER:
        raise ValueError(
            f"x_train must have at most {LARGEST_ORDER:,} examples with mini_batch_size, "
            f"not {len(x_train):,}"
        )
    return x_train, y_train, x_test, y_test


def _digest(data):
    """Return the SHA-256 of the caller's data, or None if there are none."""
    if data is None:
        return None
    digest = hashlib.sha256()
    for array in data:
        digest.update(repr(array.shape).encode())
        digest.update(array.astype(np.float64).tobytes())
    return digest.hexdigest()


def main(argv=None):
    """Run the command with these arguments, by default the program's; return its exit status."""
    return run_command(COMMAND, _train_and_ask, argv)


def _train_and_ask(argv):
    given, output_dir, resume, overwrite = _parse(argv)
    with ExitStack() as stack:
        with naming_flags(["output_dir", "resume", "overwrite", *vars(Config())]):
            config = Config(**given) if resume is False else None
            directory = stack.enter_context(open_run(output_dir, resume, overwrite))
            if directory.resumed is not None:
                _check_resumes(given, None, directory.resumed)
                config = replace(directory.resumed.config, **given)
        try:
            run = _train_with_reports(config, directory, output_dir)
        except Interrupted as interrupted:
            if directory.iteration is None:
                raise
            raise Interrupted(
                interrupted.number,
                f"interrupted; {directory.iteration:,} iterations are saved, to go on: "
                f"{COMMAND} --resume --output-dir={shlex.quote(output_dir)}",
            ) from None
    _ask(run.adder)


def _parse(argv):
    """Return the settings that are given, the directory, and whether to resume or to overwrite."""
    parser = Parser(
        prog=COMMAND,
        description="Train a GRU to add two numbers bit by bit, save the run, and ask it for "
        f"{QUESTION['a']} + {QUESTION['b']} on {QUESTION['num_bits']} bits.",
        epilog="The exit status is 0 if the network was trained and saved, whatever its answer; 2 "
        "if an argument is wrong or the run can't be saved; 130 after Ctrl-C and 143 after "
        "SIGTERM, which save the run first.",
    )
    parser.add_settings(Config)
    parser.add_argument(
        "--output-dir",
        metavar="DIR",
        default=DEFAULT_DIRECTORY,
        help="where to save the checkpoints and the figure (default: %(default)s)",
    )
    parser.add_argument(
        "--resume",
        nargs="?",
        type=number_or_text(int),
        default=False,
        const=True,
        metavar="ITERATION",
        help="go on with the run in that directory, from the checkpoint of that iteration, by "
        "default the last; its settings are used again, but --iterations may be raised, and those "
        "that change no number may be given others",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace the run that the directory holds"
    )
    given = vars(parser.parse_args(argv))
    return given, given.pop("output_dir"), given.pop("resume"), given.pop("overwrite")


def _train_with_reports(config, directory, output_dir):
    """Train; print the tutorial's line every 50 iterations, and show a bar on a terminal."""
    started = time.perf_counter()
    done = 0
    if directory.resumed is not None:
        done = len(directory.resumed.history)
        print(f"Going on after {done:,} iterations, saved in {output_dir}")
    next_report = -(-done // REPORT_EVERY) * REPORT_EVERY
    with tqdm(total=config.iterations, initial=done, unit="it", disable=None, leave=False) as bar:

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

        run = _train(config, directory, report)
    seconds = time.perf_counter() - started
    print(f"\n{len(run.history) - done:,} iterations in {seconds:.1f} s, saved in {output_dir}\n")
    return run


def _ask(adder):
    """Print the tutorial's last question and the network's answer."""
    from gru_addition.add import show_sum

    a, b, num_bits = QUESTION.values()
    print(f"What is {a} + {b}, on {num_bits} bits?\n")
    answer = adder.add(a, b, num_bits)
    print(show_sum(a, b, answer, num_bits))
    verdict = "right" if answer == a + b else f"wrong: it is {a + b}"
    print(f"\nThe network says {answer}, which is {verdict}.")


if __name__ == "__main__":
    xla.prepare_process()
    sys.exit(main())
