"""The graph computes what a plain NumPy loop computes, in both types, for all shapes."""

import numpy as np
import numpy_gru
import pytest

from gru_addition.engines.compiled import loss_of
from gru_addition.model import AdditionModel
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


@pytest.mark.quick
@pytest.mark.parametrize("num_bits", [1, 7])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-14), ("float32", 1e-5)])
def test_output_and_loss_of_other_tensors_equal_a_numpy_loop(session, dtype, tolerance, num_bits):
    weights = numpy_gru.random_weights(5, np.random.RandomState(0))
    model = build(session, weights, hidden_size=5, dtype=dtype)
    variables = tf.global_variables()
    x, y = random_bits(3, num_bits, 2), random_bits(3, num_bits, 1)
    as_tensors = tf.constant(x, dtype), tf.constant(y, dtype)

    loss = loss_of(model, *as_tensors)
    output = model.output_of(model.gru.hidden_states(as_tensors[0]))

    assert tf.global_variables() == variables
    assert loss.dtype == output.dtype == dtype
    loss, output = session.run([loss, output])
    assert loss == pytest.approx(numpy_gru.loss(weights, x, y), rel=tolerance)
    np.testing.assert_allclose(output, numpy_gru.output(weights, x), rtol=0, atol=tolerance)


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
    ("name", "value"), [("Wx", np.zeros((2, 16))), ("bz", None), ("bz", np.full(16, np.nan))]
)
def test_unfit_weights_are_named(session, name, value):
    weights = numpy_gru.random_weights(16, np.random.RandomState(0)) | {name: value}

    with pytest.raises(ValueError, match=f"must .*{name}|^{name} must"):
        AdditionModel(learning_rate=None).initial_values(weights)
