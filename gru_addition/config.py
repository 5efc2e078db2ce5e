"""The settings of a training run; their defaults are the tutorial's."""

from dataclasses import dataclass, field, fields

from gru_addition.support import checks

# A run saves all losses so far, so long runs save less often.
SAVE_INTERVAL, SAVES_OF_A_LONG_RUN = 1000, 100
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
    hidden_size: int = _setting(16, "number of units", 1, 4096)
    cell: str = _setting("gru", "kind of network: gru, the tutorial's, or the name of another cell")
    iterations: int = _setting(5000, "number of training steps", 1, MOST_ITERATIONS)
    learning_rate: float = _setting(0.001, "step size of Adam", 1e-9, 1)
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
        0.0, "while training, add random numbers up to this size to the state at every step", 0, 1
    )
    jacobian_penalty: float = _setting(
        0.0, "while training, penalise the squared Frobenius norm of each step's Jacobian", 0, 1000
    )
    weight_decay: float = _setting(
        0.0, "while training, shrink W and U by this times the learning rate at each step", 0, 100
    )
    spectral_norm: float = _setting(
        0.0, "while training, keep the spectral norm of each U below this, unless it is 0", 0, 1000
    )
    resolution: int | None = _setting(
        None,
        "when the trained network is used, round its state to multiples of 1/N after every step; "
        "by default it is not rounded",
        1,
        1_000_000,
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
        50, "number of iterations that the compiled engine runs at a time", 1, 10_000,
        may_change=True,
    )  # fmt: skip
    checkpoint_every: int | None = _setting(
        None,
        "save the run each time this many iterations are done; by default "
        f"{SAVE_INTERVAL}, or a hundredth of a run of over {SAVE_INTERVAL * SAVES_OF_A_LONG_RUN}",
        1,
        MOST_ITERATIONS,
        may_change=True,
    )

    def __post_init__(self):
        for setting in fields(self):
            # A frozen dataclass leaves no other way to store the checked value.
            value = check_setting(setting.name, getattr(self, setting.name))
            object.__setattr__(self, setting.name, value)
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

    @property
    def checkpoint_interval(self):
        """How many iterations there are from one save to the next."""
        of_long_run = self.iterations // SAVES_OF_A_LONG_RUN
        return self.checkpoint_every or max(SAVE_INTERVAL, of_long_run)

    @property
    def has_noise(self):
        """Whether a batch holds random numbers for each unit, after the operands' bits."""
        return self.state_noise > 0 or self.jacobian_penalty > 0


def check_resumes(config, saved):
    """Raise `ValueError` unless a run with the settings `saved` can be resumed with `config`."""
    for setting in fields(Config):
        name = setting.name
        before, now = getattr(saved, name), getattr(config, name)
        is_more = name == "iterations" and now > before
        if now != before and not setting.metadata["may_change"] and not is_more:
            least = "at least " if name == "iterations" else ""
            raise ValueError(f"{name} must be {least}{before}, as in the saved run, not {now}")


def check_setting(name, value):
    """Return the value of a setting if it is allowed; raise `TypeError` or `ValueError` if not."""
    setting = Config.__dataclass_fields__[name]
    allowed = setting.metadata["allowed"]
    if name == "cell":
        # The names of the cells are known to `gru_addition.cells` alone, which checks them.
        return value
    if setting.type is bool:
        if not isinstance(value, bool):
            raise TypeError(f"{name} must be True or False, not {checks.brief(value)}")
        return value
    if setting.type is str:
        return checks.one_of(name, value, allowed)
    if setting.type is float:
        return checks.number(name, value, *allowed)
    if value is None and setting.default is None:
        return None
    return checks.whole_number(name, value, *allowed)
