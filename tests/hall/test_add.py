"""The trained network answers for any length, and its input is checked."""

import numpy as np
import numpy_gru
import pytest
from common import run_code
from hypothesis import given, settings
from hypothesis import strategies as st

from gru_addition import add
from gru_addition.add import Adder, show_sum

WEIGHTS = numpy_gru.random_weights(6, np.random.RandomState(0))


@pytest.fixture(scope="module")
def adder():
    return Adder.from_weights(WEIGHTS)


@pytest.mark.quick
@settings(max_examples=25)
@given(batch=st.integers(1, 12), time=st.integers(1, 40), seed=st.integers(0, 1000))
def test_prediction_equals_the_numpy_loop(adder, batch, time, seed):
    x = np.random.RandomState(seed).randint(0, 2, size=(batch, time, 2))

    np.testing.assert_allclose(adder.predict(x), numpy_gru.output(WEIGHTS, x), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "shape",
    [
        (1, 2 * add.COLUMNS_PER_RUN + 500, 2),
        (2 * add.EXAMPLES_PER_RUN + 500, 3, 2),
        (3, add.STEPS_WORTH_COMPILING + 1, 2),
    ],
    ids=["long", "many", "compiled"],
)
def test_prediction_in_pieces_equals_the_numpy_loop(adder, shape):
    x = np.random.RandomState(0).randint(0, 2, size=shape)

    np.testing.assert_allclose(adder.predict(x), numpy_gru.output(WEIGHTS, x), rtol=0, atol=1e-12)


PREDICT_AND_MEASURE = """
import numpy as np
from gru_addition.add import Adder

def measured(name):
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith(name))

random_state = np.random.RandomState(0)
shapes = {"W": (2, 16), "U": (16, 16), "b": (16,)}
weights = {kind + gate: random_state.normal(size=shapes[kind]) for kind in "WUb" for gate in "rzh"}
adder = Adder.from_weights(weights | {"W_output": np.ones((16, 1)), "b_output": np.ones(1)})
# The first ones load what both ways to compute need.
for shape in [(1, 10_000, 2), (1000, 100, 2), (1, 1_000_000, 2), (1000, 2000, 2)]:
    x = np.random.RandomState(1).randint(0, 2, size=shape).astype(float)
    # Reset the peak. getrusage's would be that of the process that started this one.
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    before = measured("VmRSS")
    y = adder.predict(x)
    print(measured("VmHWM") - before, y.nbytes)
"""


@pytest.mark.skipif("sys.platform != 'linux'", reason="Linux tells the peak of a process")
def test_memory_does_not_grow_with_the_length(figure):
    printed = run_code(PREDICT_AND_MEASURE)
    *_, long, many = (tuple(map(int, line.split())) for line in printed.splitlines())

    # The states of all columns alone would take 128 and 256 million bytes. Those of a piece take
    # 0.1 and 13 million, and XLA needs several times as much to compute with them.
    for name, (grown, output), for_a_piece in [
        ("1 x 1,000,000", long, 10_000_000),
        ("1,000 x 2,000", many, 120_000_000),
    ]:
        figure(f"predicting {name} bits: memory grows by {grown:,}, output {output:,} bytes")
        assert grown < output + for_a_piece


def test_a_sum_is_read_from_the_output_above_a_half():
    """Two weights are enough to copy a's bits: the state is tanh(6 a - 3) in every column."""
    weights = {name: np.zeros_like(weight) for name, weight in numpy_gru.random_weights(
        1, np.random.RandomState(0)).items()}  # fmt: skip
    weights["bz"][:] = 50
    weights["Wh"][0, 0], weights["bh"][0] = 6, -3
    weights["W_output"][0, 0], weights["b_output"][0] = 0.01, 0.5
    copier = Adder.from_weights(weights)

    assert copier.add(1234567, 0) == 1234567
    assert copier.add(5, 2**300) == 5
    assert copier.add(5, 3, num_bits=64) == 5
    assert copier.add(0, 0) == 0


@pytest.mark.quick
@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ((-1, 2), ValueError, "a"),
        ((1, 2.5), TypeError, "b"),
        ((3, 1, 2), ValueError, "num_bits"),
        ((3, 1, "8"), TypeError, "num_bits"),
    ],
)
def test_bad_operands_are_named(adder, arguments, error, name):
    with pytest.raises(error, match=f"^{name} must be"):
        adder.add(*arguments)


@pytest.mark.parametrize(
    "x", [np.zeros((3, 2)), np.zeros((1, 0, 2)), [[[0, np.nan]]], [[[0, 1j]]], [[["0", "1"]]]]
)
def test_inputs_that_are_no_operands_are_refused(adder, x):
    with pytest.raises(ValueError, match=r"^x must be"):
        adder.predict(x)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Uz", None),
        ("Uz", np.zeros((6, 5))),
        ("br", np.zeros(5)),
        ("Uz", np.full((6, 6), np.nan)),
        ("Wx", np.zeros(5)),
    ],
)
def test_unfit_weights_are_named(name, value):
    with pytest.raises(ValueError, match=f"must .*{name}|^{name} must"):
        Adder.from_weights(WEIGHTS | {name: value})


@given(a=st.integers(0, 2**40), b=st.integers(0, 2**40), flips=st.integers(0, 2**42 - 1))
def test_every_wrong_bit_is_marked_and_no_other(a, b, flips):
    *rows, last = show_sum(a, b, (a + b) ^ flips, num_bits=42).splitlines()

    if flips:
        marks = last.removeprefix("    wrong  ").ljust(83)[::2]
        assert marks == f"{flips:042b}".replace("0", " ").replace("1", "^")
    else:
        assert last.startswith("     true")
    columns = [[int(bit) for bit in row[11:94:2]] for row in rows[:3]]
    carry_in = 0
    for a_bit, b_bit, carry in reversed(list(zip(*columns, strict=True))):
        assert carry == carry_in
        carry_in = (a_bit + b_bit + carry) // 2
