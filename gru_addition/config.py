"""The settings of a training run; their defaults are the tutorial's."""

from dataclasses import dataclass, field, fields

from gru_addition.support import checks

# A training step keeps about a dozen arrays of batch x time x hidden numbers, here 2 GB in all.
LARGEST_STEP = 20_000_000
LARGEST_HIDDEN_SIZE = 4096
# How many numbers in a state belong to each unit of a cell.
STATES_PER_UNIT = {"gru": 1, "elman": 1, "lstm": 2}
# The smallest and the largest value allowed.
LEARNING_RATES = 1e-9, 1
STATE_NOISES, JACOBIAN_PENALTIES = (0, 1), (0, 1000)
RESOLUTIONS = 1, 1_000_000
# The most numbers that the compiled engine is given for one run: 2.4 GB.
LARGEST_FEED = 300_000_000
# The most examples to draw mini-batches from; their order is saved in a checkpoint.
LARGEST_ORDER = 1_000_000
# A checkpoint holds all losses so far, so long runs save them less often.
CHECKPOINT_INTERVAL, CHECKPOINTS_OF_A_LONG_RUN = 1000, 100
MOST_ITERATIONS = 100_000_000


def _setting(default, description, *allowed, may_change=False):
    """A field with a help text and what is allowed: a smallest and largest value, or choices.

    may_change: whether a resumed run may change it, because the numbers do not depend on it.
    """
    metadata = {"description": description, "allowed": allowed, "may_change": may_change}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Config:
    """The settings of a training run.

    Raises `TypeError` or `ValueError`, naming the setting, for a value that is not allowed.

    >>> Config(num_bits=8).batch_size
    100
    """

    num_bits: int = _setting(5, "length of the numbers and of their sum, in bits", 2, 10_000)
    batch_size: int = _setting(
        100, "number of sums in the training set, and in the validation set", 1, 100_000
    )
    hidden_size: int = _setting(16, "number of units", 1, LARGEST_HIDDEN_SIZE)
    cell: str = _setting(
        "gru",
        "kind of network: gru, the tutorial's; elman, without gates; lstm, with a memory cell",
        *STATES_PER_UNIT,
    )
    iterations: int = _setting(5000, "number of training steps", 1, MOST_ITERATIONS)
    learning_rate: float = _setting(0.001, "step size of Adam", *LEARNING_RATES)
    dtype: str = _setting("float64", "type of the weights", "float64", "float32")
    seed: int = _setting(0, "fixes the sums and the initial weights", 0, 2**32 - 1)
    mini_batch_size: int | None = _setting(
        None,
        "train on mini-batches of this many sums, one per iteration, in a new random order each "
        "time the training set is used up; by default each iteration uses the whole training set",
        1,
        100_000,
    )
    fresh_batches: bool = _setting(
        False, "train on new random sums at every iteration instead of a fixed training set"
    )
    state_noise: float = _setting(
        0.0,
        "while training, add random numbers up to this size to the state at every step",
        *STATE_NOISES,
    )
    jacobian_penalty: float = _setting(
        0.0,
        "while training, penalise steps that stretch small changes of the state",
        *JACOBIAN_PENALTIES,
    )
    resolution: int | None = _setting(
        None,
        "when the trained network is used, round its state to multiples of 1/N after every step; "
        "by default it is not rounded",
        *RESOLUTIONS,
        may_change=True,
    )
    engine: str = _setting(
        "compiled",
        "how iterations are run: compiled, many at a time in a loop compiled by XLA; session, the "
        "tutorial's loop; only the last digits differ",
        "compiled",
        "session",
    )
    iterations_per_run: int = _setting(
        50,
        "number of iterations that the compiled engine runs at a time",
        1,
        10_000,
        may_change=True,
    )
    checkpoint_every: int | None = _setting(
        None,
        "save a checkpoint each time this many iterations are done; by default "
        f"{CHECKPOINT_INTERVAL}, or a hundredth of a run of over "
        f"{CHECKPOINT_INTERVAL * CHECKPOINTS_OF_A_LONG_RUN}",
        1,
        MOST_ITERATIONS,
        may_change=True,
    )
    keep: int = _setting(1, "number of most recent checkpoints to keep", 1, 1000, may_change=True)

    def __post_init__(self):
        for setting in fields(self):
            # A frozen dataclass leaves no other way to store the checked value.
            value = _checked(setting, getattr(self, setting.name))
            object.__setattr__(self, setting.name, value)
        self._check_together()

    def _check_together(self):
        step_size = self.num_bits * self.batch_size * self.hidden_size
        if step_size > LARGEST_STEP:
            raise ValueError(
                f"num_bits x batch_size x hidden_size must be at most {LARGEST_STEP:,} to fit in "
                f"memory, not {self.num_bits} x {self.batch_size} x {self.hidden_size}"
            )
        if self.mini_batch_size is not None and self.fresh_batches:
            raise ValueError(
                "mini_batch_size must not be given with fresh_batches, which draws batch_size new "
                f"sums at every iteration, not {self.mini_batch_size} of a training set"
            )
        if self.mini_batch_size is not None and self.mini_batch_size > self.batch_size:
            raise ValueError(
                f"mini_batch_size must be at most batch_size, {self.batch_size}, "
                f"not {self.mini_batch_size}"
            )
        batch_numbers = self.num_bits * (self.mini_batch_size or self.batch_size) * 3
        if self.has_noise:
            batch_numbers += batch_numbers // 3 * self.state_size
        if self.engine == "compiled" and self.batches_per_run * batch_numbers > LARGEST_FEED:
            raise ValueError(
                f"iterations_per_run must be at most {LARGEST_FEED // batch_numbers:,} to fit in "
                f"memory with new batches of this size, not {self.iterations_per_run:,}"
            )

    @property
    def state_size(self):
        """How many numbers are in a state."""
        return self.hidden_size * STATES_PER_UNIT[self.cell]

    @property
    def checkpoint_interval(self):
        """How many iterations there are from one checkpoint to the next."""
        of_long_run = self.iterations // CHECKPOINTS_OF_A_LONG_RUN
        return self.checkpoint_every or max(CHECKPOINT_INTERVAL, of_long_run)

    @property
    def batches_per_run(self):
        """How many batches the compiled engine gets at a time: one if all are the same."""
        uses_one_batch = self.mini_batch_size is None and not self.fresh_batches
        return 1 if uses_one_batch and not self.has_noise else self.iterations_per_run

    @property
    def has_noise(self):
        """Whether a batch holds random numbers for each unit, after the operands' bits."""
        return self.state_noise > 0 or self.jacobian_penalty > 0


def check_resumes(given, saved):
    """Raise `ValueError` unless a run with the settings `saved` can be resumed with those given.

    given: the values of some or all settings, by name.
    """
    differences = []
    for setting in fields(Config):
        before = getattr(saved, setting.name)
        now = _checked(setting, given.get(setting.name, before))
        is_more = setting.name == "iterations" and now > before
        if now != before and not setting.metadata["may_change"] and not is_more:
            least = "at least " if setting.name == "iterations" else ""
            differences.append((f"{setting.name} {least}{before}", f"{setting.name} {now}"))
    if differences:
        allowed, unfit = zip(*differences, strict=True)
        raise ValueError(f"a resumed run must have {', '.join(allowed)}, not {', '.join(unfit)}")


def _checked(setting, value):
    """Return the value of a setting if it is allowed; raise `TypeError` or `ValueError` if not."""
    allowed = setting.metadata["allowed"]
    if setting.type is bool:
        if not isinstance(value, bool):
            raise TypeError(f"{setting.name} must be True or False, not {checks.brief(value)}")
        return value
    if setting.type is str:
        return checks.one_of(setting.name, value, allowed)
    if setting.type is float:
        return checks.number(setting.name, value, *allowed)
    if value is None and setting.default is None:
        return None
    return checks.whole_number(setting.name, value, *allowed)
