"""The graph computes what a plain NumPy loop computes, in both types, for all shapes."""

import numpy as np
import numpy_gru
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gru_addition.engines.compiled import loss_of
from gru_addition.model import GRU, AdditionModel
from gru_addition.support import tf


def build(session, weights=None, learning_rate=None, **arguments):
    """Return an initialised model in the session's graph, by default without a training step."""
    model = AdditionModel(learning_rate=learning_rate, **arguments)
    feed = {} if weights is None else model.initial_values(weights)
    session.run(tf.global_variables_initializer(), feed)
    return model


def random_bits(*shape):
    return np.random.RandomState(1).randint(0, 2, size=shape).astype(float)


@pytest.mark.quick
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-14), ("float32", 2e-6)])
def test_scan_equals_a_numpy_loop(session, dtype, tolerance):
    weights = numpy_gru.random_weights(7, np.random.RandomState(0))
    model = build(session, weights, hidden_size=7, dtype=dtype)
    x, y = random_bits(4, 9, 2), random_bits(4, 9, 1)

    h_t, output, loss = session.run(
        [model.gru.h_t, model.output, model.loss],
        {model.gru.input_layer: x, model.expected_output: y},
    )

    assert h_t.dtype == output.dtype == loss.dtype == dtype
    np.testing.assert_allclose(h_t, numpy_gru.hidden_states(weights, x), atol=tolerance)
    np.testing.assert_allclose(output, numpy_gru.output(weights, x), atol=10 * tolerance)
    np.testing.assert_allclose(loss, numpy_gru.loss(weights, x, y), rtol=10 * tolerance)


@pytest.mark.quick
def test_gradients_equal_finite_differences(session):
    weights = numpy_gru.random_weights(3, np.random.RandomState(0))
    model = build(session, weights, learning_rate=0.001, hidden_size=3)
    x, y = random_bits(5, 6, 2), random_bits(5, 6, 1)
    gradients = tf.gradients(model.loss, list(model.weights.values()))
    gradients = dict(zip(model.weights, gradients, strict=True))
    gradients = session.run(gradients, {model.gru.input_layer: x, model.expected_output: y})

    step = 1e-6
    for name, gradient in gradients.items():
        for index in np.ndindex(gradient.shape):
            change = np.zeros(gradient.shape)
            change[index] = step
            up = numpy_gru.loss(weights | {name: weights[name] + change}, x, y)
            down = numpy_gru.loss(weights | {name: weights[name] - change}, x, y)
            assert gradient[index] == pytest.approx((up - down) / (2 * step), abs=1e-8), name


def test_one_step_of_adam_moves_each_weight_by_the_learning_rate(session):
    """After one step, m / sqrt(v) is the gradient's sign, wherever it is far above epsilon."""
    model = build(session, hidden_size=4, learning_rate=0.01, seed=0)
    before = session.run(model.W_output)

    session.run(
        model.train_step,
        {model.gru.input_layer: random_bits(5, 6, 2), model.expected_output: np.ones((5, 6, 1))},
    )

    np.testing.assert_allclose(np.abs(session.run(model.W_output) - before), 0.01, rtol=1e-4)


def test_hidden_state_does_not_leak_between_examples(session):
    weights = numpy_gru.random_weights(5, np.random.RandomState(0))
    model = build(session, weights, hidden_size=5)
    x = random_bits(6, 8, 2)

    together = session.run(model.output, {model.gru.input_layer: x})
    alone = [session.run(model.output, {model.gru.input_layer: row[None]})[0] for row in x]
    np.testing.assert_allclose(together, alone, atol=1e-14)

    changed = x.copy()
    changed[2] = 1 - changed[2]
    output = session.run(model.output, {model.gru.input_layer: changed})
    others = [0, 1, 3, 4, 5]
    np.testing.assert_array_equal(output[others], together[others])
    assert (output[2] != together[2]).all()


def test_a_state_depends_on_earlier_columns_only(session):
    model = build(session, numpy_gru.random_weights(5, np.random.RandomState(0)), hidden_size=5)
    x = random_bits(1, 10, 2)
    changed = x.copy()
    changed[0, 6] = 1 - changed[0, 6]

    h_t, h_t_changed = (
        session.run(model.gru.h_t, {model.gru.input_layer: v}) for v in (x, changed)
    )

    np.testing.assert_array_equal(h_t[:, :6], h_t_changed[:, :6])
    assert (h_t[:, 6:] != h_t_changed[:, 6:]).all()


@settings(max_examples=30)
@given(batch=st.integers(1, 40), time=st.integers(1, 60), seed=st.integers(0, 1000))
def test_every_batch_size_and_length_works(model_in_session, batch, time, seed):
    session, model, weights = model_in_session
    x = np.random.RandomState(seed).randint(0, 2, size=(batch, time, 2))

    output = session.run(model.output, {model.gru.input_layer: x})

    np.testing.assert_allclose(output, numpy_gru.output(weights, x), atol=1e-12)


@pytest.fixture(scope="module")
def model_in_session():
    weights = numpy_gru.random_weights(6, np.random.RandomState(0))
    with tf.Graph().as_default():
        session = tf.Session()
        model = build(session, weights, hidden_size=6)
    # The graph is no longer the default, so other tests can run eagerly meanwhile.
    yield session, model, weights
    session.close()


def test_hidden_states_runs_the_same_variables_over_another_tensor(session):
    model = build(session, hidden_size=5, seed=0)
    variables = tf.global_variables()
    x = random_bits(3, 7, 2)

    states = model.gru.hidden_states(tf.constant(x))

    assert tf.global_variables() == variables
    expected = session.run(model.gru.h_t, {model.gru.input_layer: x})
    np.testing.assert_array_equal(session.run(states), expected)


def test_hidden_states_go_on_from_a_given_state(session):
    weights = numpy_gru.random_weights(5, np.random.RandomState(0))
    model = build(session, weights, hidden_size=5)
    x = random_bits(3, 8, 2)
    expected = numpy_gru.hidden_states(weights, x)

    later = model.gru.hidden_states(tf.constant(x[:, 6:]), h_0=tf.constant(expected[:, 5]))

    np.testing.assert_allclose(session.run(later), expected[:, 6:], atol=1e-14)


@pytest.mark.quick
@pytest.mark.parametrize("num_bits", [1, 7])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-14), ("float32", 1e-5)])
def test_output_and_loss_of_other_tensors_equal_a_numpy_loop(session, dtype, tolerance, num_bits):
    weights = numpy_gru.random_weights(5, np.random.RandomState(0))
    model = build(session, weights, hidden_size=5, dtype=dtype)
    x, y = random_bits(3, num_bits, 2), random_bits(3, num_bits, 1)
    as_tensors = tf.constant(x, dtype), tf.constant(y, dtype)

    loss = loss_of(model, *as_tensors)
    output = model.output_of(model.gru.hidden_states(as_tensors[0]))

    assert loss.dtype == output.dtype == dtype
    loss, output = session.run([loss, output])
    assert loss == pytest.approx(numpy_gru.loss(weights, x, y), rel=tolerance)
    np.testing.assert_allclose(output, numpy_gru.output(weights, x), rtol=0, atol=tolerance)


def test_both_losses_have_the_same_gradients(session):
    weights = numpy_gru.random_weights(5, np.random.RandomState(0))
    model = build(session, weights, learning_rate=0.001, hidden_size=5)
    x, y = random_bits(6, 7, 2), random_bits(6, 7, 1)
    variables = list(model.weights.values())

    one = tf.gradients(model.loss, variables)
    other = tf.gradients(loss_of(model, tf.constant(x), tf.constant(y)), variables)

    feed = {model.gru.input_layer: x, model.expected_output: y}
    for gradient, expected in zip(session.run(other), session.run(one, feed), strict=True):
        np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-14)


@pytest.mark.quick
def test_attributes_and_ops_have_the_tutorials_names(session):
    model = build(session, learning_rate=0.001)
    gru = model.gru

    for name in ("Wr", "Wz", "Wh", "Ur", "Uz", "Uh", "br", "bz", "bh"):
        assert getattr(gru, name).op.name == name
    assert gru.input_layer.op.name == "input"
    assert gru.input_layer.shape.as_list() == [None, None, 2]
    assert model.expected_output.op.name == "expected_output"
    assert model.expected_output.shape.as_list() == [None, None, 1]
    for name in ("x_t", "h_0", "h_t"):
        assert getattr(gru, name).op.name == name
    assert gru.h_t_transposed.op.name.startswith("h_t_transposed/")
    assert model.W_output.op.name == "Variable"
    assert model.b_output.op.name == "Variable_1"
    assert model.train_step.type == "NoOp"


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_type_is_honoured_throughout(session, dtype):
    model = build(session, dtype=dtype)

    assert {variable.dtype.base_dtype.name for variable in model.weights.values()} == {dtype}
    tensors = (
        model.gru.input_layer, model.gru.h_0, model.gru.h_t, model.output, model.expected_output,
        model.loss,
    )  # fmt: skip
    assert {tensor.dtype.name for tensor in tensors} == {dtype}


def test_the_initial_state_is_zero_for_any_input(session):
    model = build(session)

    h_0 = session.run(model.gru.h_0, {model.gru.input_layer: random_bits(3, 4, 2)})

    np.testing.assert_array_equal(h_0, np.zeros((3, 16)))


def test_weights_are_drawn_from_a_truncated_normal_distribution(session):
    gru = GRU(100, 200, seed=0)
    session.run(tf.global_variables_initializer())

    weights = session.run(gru.Wr)

    assert np.abs(weights).max() <= 0.02
    # A normal distribution cut at two standard deviations has 0.8796 of its standard deviation.
    assert weights.std() == pytest.approx(0.008796, rel=0.02)
    assert weights.mean() == pytest.approx(0, abs=0.0003)


def test_a_seed_fixes_the_weights_and_none_does_not():
    def drawn(seed, of_graph=None):
        with tf.Graph().as_default(), tf.Session() as session:
            tf.set_random_seed(of_graph)
            return session.run(build(session, seed=seed).gru.Uz)

    np.testing.assert_array_equal(drawn(3), drawn(3))
    assert (drawn(3) != drawn(4)).all()
    assert (drawn(None) != drawn(None)).all()
    # Without a seed the graph's own is used.
    np.testing.assert_array_equal(drawn(None, of_graph=5), drawn(None, of_graph=5))


def test_todays_tensorflow_goes_on_working_before_between_and_after():
    import tensorflow as tf2

    @tf2.function
    def squared(x):
        return x * x

    def eager_gradient():
        assert tf2.executing_eagerly()
        variable = tf2.Variable(3.0)
        with tf2.GradientTape() as tape:
            result = squared(variable)
        return tape.gradient(result, variable).numpy()

    assert eager_gradient() == 6
    graph = tf.Graph()
    with graph.as_default():
        assert not tf2.executing_eagerly()
        model = AdditionModel(hidden_size=2, seed=0)
        initialize = tf.global_variables_initializer()
    assert eager_gradient() == 6
    session = tf.Session(graph=graph)
    session.run(initialize)
    assert eager_gradient() == 6
    feed = {model.gru.input_layer: random_bits(1, 3, 2), model.expected_output: np.ones((1, 3, 1))}
    session.run(model.train_step, feed)
    session.close()
    assert eager_gradient() == 6


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Wx", np.zeros((2, 16))),
        ("Wr", np.zeros((2, 15))),
        ("bz", np.full(16, np.nan)),
        ("bz", np.zeros(16, complex)),
        ("bz", None),
    ],
)
def test_unfit_weights_are_named(session, name, value):
    weights = numpy_gru.random_weights(16, np.random.RandomState(0)) | {name: value}

    with pytest.raises(ValueError, match=f"must .*{name}|^{name} must"):
        AdditionModel(learning_rate=None).initial_values(weights)
