"""The notebooks: executed in fresh kernels, they show what is committed and what they claim."""

import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from common import OF_THE_TESTS, ROOT, WITH_TESTS, environment, run_code
from shared_runs import DIRECTORY as DIRECTORY_OF_RUNS

sys.path.insert(0, str(ROOT / "notebooks"))
from execute import DIRECTORY, FAILURES, NOTEBOOKS, PICTURES, PNG, as_saved, execute, picture_of

# Enough for the first of Adam's deviations. `make torture` executes the notebooks as they are.
PARAMETERS = {"04_tf1_to_tf2.ipynb": {"iterations": 300}}
# The tag of an exercise whose solution trains networks that nothing else needs.
TRAINS = "trains"
# Cells with these tags print what may differ: times and versions, what may change with Keras, and
# what the parameters change.
VARYING = {"timed", "keras"}
torture = pytest.mark.torture
SOLUTION = re.compile(
    r"<summary>Solution</summary>\n\n```python\n(.*?)```\n\n```text\n(.*?)```", re.S
)
# What the notebooks claim, which must hold in their kernels after the last cell.
CLAIMS = {
    "01_walkthrough.ipynb": """
assert ask(run.weights, 1024, 16, 20) == 1040
assert ask(run.weights, 13, 12, 5) == 17
assert all(ask(two, a, b, 5) == a + b for a in range(16) for b in range(16))
assert prove(two).verdict == "proved" and prove(run.weights).verdict == "refuted"
assert run.adder.add(1024, 16, num_bits=20) == 1040
assert run.adder.add(13, 12, num_bits=5) == 17
assert [p for p, s in zip(operands, run.adder.add_pairs(operands, 5)) if s != sum(p)] == [
    (12, 13), (13, 12)
]
assert np.allclose(loop_losses, run.history.train_losses[:200], rtol=1e-12, atol=0)
assert len(loop_losses) == 200
drawn = {tuple(from_bytes(bits) for bits in x.T) for x in (*x_train, *x_test)}
assert wrong == [(12, 13), (13, 12)] and not drawn.intersection(wrong)
for x, y in (x_train, y_train), (x_test, y_test):
    assert ((run.adder.predict(x) > 0.5) == y).all(axis=(1, 2)).sum() == 100
in_training, in_test = (x[:, 2:4].all(axis=(1, 2)).sum() for x in (x_train, x_test))
assert (in_training, in_test) == (0, 4) == (twice[0][:, 2].sum(), twice[1][:, 2].sum())
both = x_train.all(axis=2)
assert (both[:, :-1] & both[:, 1:]).sum(axis=0).tolist() == [5, 3, 0, 0]
assert twice[0].sum(axis=0).tolist() == [5, 3, 0, 0]
assert sum(weight.size for weight in run.weights.values()) == 929
# A step of the two units from all states that they reach: what the text says about them.
for a, b in [(a, b) for a in range(32) for b in range(32)]:
    h, carry = np.zeros(2), 0
    for x in encode(a, b, 7)[0]:
        z = sigmoid(x @ two["Wz"] + h @ two["Uz"] + two["bz"])
        r = sigmoid(x @ two["Wr"] + h @ two["Ur"] + two["br"])
        h, total = step(two, h, x), int(x.sum()) + carry
        assert z.min() > 0.98 and (r[1] > 0.5 if carry else r[1] < 0.08)
        assert abs(h[0] - (1 - 2 * (total > 1))) < 0.09
        assert abs(h[1] - (0.2 + 0.09 * total)) < 0.01
        carry = total // 2
        too_high = (h @ two["W_output"] + two["b_output"])[0] - (total - 2 * carry)
        assert 0.2 < too_high < 0.4
assert run.history.train_losses[1000] > 0.5 > 100 * run.history.train_losses[2500]
# The losses at the end, which a cell prints.
assert f"{run.history.train_losses[-1]:.5f}" == "0.00003"
assert f"{run.history.validation_losses[-1]:.5f}" == "0.00282"
""",
    "02_inside_the_gru.ipynb": """
from gru_addition.dataset import generate_batch
assert set(np.argsort(-readable)[:3]) == {5, 7, 9}
assert readable[[5, 7, 9]].min() > 0.95 and np.delete(readable, [5, 7, 9]).max() < 0.95
assert np.delete(readable, [3, 5, 7, 9]).max() < (guesses == carries).mean() + 0.02
assert mean_z[[5, 7, 9]].min() > 0.9
assert shares["trained", "carry"] == 1 and shares["trained", "bit"] > 0.99
assert shares["untrained", "carry"] > 0.95 and 0.45 < shares["untrained", "bit"] < 0.55
assert 0.75 < (guesses == carries)[tested].mean() < 0.77
z_before = untrained.gates(states_before)[0]
assert 0.48 < z_before.min() < z_before.max() < 0.52
column_of = np.repeat(np.arange(12), 500)
assert column_of[tested].min() == 5 and (~held_out).sum() == held_out.sum()
assert set(np.flatnonzero(held_out) % 500) == set(range(250, 500))
assert held_out[receiving].all() and held_out[giving].all()
assert (carries[receiving] != carries[giving]).all()
with_units = {n: follows(network.steps(transplant(list(n)))) for n in ((), range(16), (5, 7, 9))}
assert with_units[()] < 0.02 and with_units[range(16)] > 0.98 and with_units[5, 7, 9] > 0.8
assert kept < with_units[5, 7, 9] + 0.04
by_hand = receivers.copy()
by_hand[:, [5, 7, 9]] = donors[:, [5, 7, 9]]
is_donors = network.output(network.steps(by_hand)) > 0.5
is_donors = is_donors == (np.array([0, 1, 1, 2]) + donated[:, np.newaxis]) % 2
assert with_units[5, 7, 9] == is_donors.mean()
assert len(in_threes) == 560 and max(in_threes) == with_units[5, 7, 9]
assert np.median(in_threes) < 0.15 and follows(network.steps(transplant([9]))) < 0.2
in_short, in_stretched, in_step, in_random, in_best = found
assert in_step > 0.95 and in_short < 0.25
assert in_random < 0.4 < 0.7 < in_stretched < in_best < in_step
# By themselves: as far as the step, along it, and along random directions turned to its side.
def moved_along(direction, weights):
    direction = direction / np.linalg.norm(direction)
    as_far = (donors - receivers) @ weights / (weights @ step) * np.linalg.norm(step)
    return follows(network.steps(receivers + as_far[:, np.newaxis] * direction))

probe = fit_probe(states)[0]
assert np.isclose(moved_along(step, probe), in_step)
turned = [d if d @ step > 0 else -d for d in np.random.RandomState(1).normal(size=(50, 16))]
in_turned = sorted(moved_along(direction, probe) for direction in turned)
assert np.isclose((in_turned[24] + in_turned[25]) / 2, in_random)
assert np.isclose(in_turned[-1], in_best)
def bits_right(**held):
    weights = {name: array.copy() for name, array in run.weights.items()}
    for name, bias in held.items():
        weights["W" + name][:, [5, 7, 9]] = weights["U" + name][:, [5, 7, 9]] = 0
        weights["b" + name][[5, 7, 9]] = bias
    changed = Network(weights)
    return ((changed.output(random_states(changed, 500, 12)[0]) > 0.5) == bits).mean()

assert bits_right(z=40) > bits_right() > 0.99 and bits_right(z=-40) < 0.6
assert max(bits_right(r=-40), bits_right(r=40)) < 0.76
by_path = steps_by_path(unchanged, unchanged, unchanged)
assert np.allclose(by_path, network.steps(receivers))
def passed_on(*paths):
    return ((strength(steps_by_path(*paths)[:, 1:3]) > 0.5) == donated[:, np.newaxis]).mean()

assert passed_on(unchanged, unchanged, unchanged) < 0.02
assert passed_on(unchanged, unchanged, mixed) < 0.02 and passed_on(mixed, mixed, unchanged) > 0.95
assert passed_on(unchanged, mixed, unchanged) > 0.85 > 0.6 > passed_on(mixed, unchanged, unchanged)
as_halfway = (strength(states) > 0.5) == (carries == 1)
assert as_halfway.mean() < 0.97 and as_halfway[500:].mean() > 0.999
# The line from total 0 to 2 crosses that from 1 to 3.
p = [in_plane[totals == total].mean(axis=0) for total in range(4)]
t, u = np.linalg.solve(np.transpose([p[2] - p[0], p[1] - p[3]]), p[1] - p[0])
assert 0 < t < 1 and 0 < u < 1
# The first direction tells the carry, but for two points.
exceptions = (in_plane[:, 0] < 0.05) != (carries == 1)
assert (column_of[exceptions] == 0).all() and (totals[exceptions] == 1).all()
assert len(np.unique(in_plane[exceptions].round(3), axis=0)) == 2
assert 0.4 < exceptions[:500].mean() < 0.6
assert exceptions.sum() == ((column_of == 0) & (totals == 1)).sum()
for net, pair, number in (network, 2, 1), (steady, 2, 2), (steady, 0, 1), (network, 0, 1):
    h, began, _ = random_states(net, sums=200, columns=12)
    for _ in range(300):
        h_before, h = h, net.steps(h)[:, pair]
    assert len(h) == 2400 and abs(h - h_before).max() < 1e-6  # at rest
    assert len(np.unique(h.round(2), axis=0)) == number
    assert all(len(np.unique(h[began == carry].round(2), axis=0)) == 1 for carry in (0, 1))
assert [n for n in range(2, 31) if run.adder.add(2**n - 1, 1) == 2**n] == list(range(2, 15))
assert run.adder.add(13, 12) == 17
h = Trace.of_sum(run.weights, 13, 12, 5).h[[2]]
assert 0.5 < strength(h)[0] < 0.55
as_it_is, moved = network.output(network.steps(np.vstack([h, h + (1 - strength(h)) * step])))[:, 3]
assert as_it_is < 0.5 < moved
assert weak.sum() > 100 and mistakes[weak][:, 3].all() and not mistakes[:, :3].any()
assert not mistakes[carries == 0].any() and mistakes[(carries == 1) & ~weak][:, 3].mean() < 0.02
both = generate_batch(5, 100, np.random.RandomState(0))[0].astype(int).all(axis=2)
assert not (both[:, 2] & both[:, 3]).any()
assert sum(a & b & 12 == 12 for a in range(15) for b in range(15)) / 15**2 * 100 == 4
""",
    "03_every_length.ipynb": """
import json, re
from gru_addition.cells.machine import ADDITION
from gru_addition.prove import machine_of
from gru_addition.prove.challenge import random_pairs
from gru_addition.dataset import encode
from gru_addition.inside.traces import follow
assert wrong_pairs == {(12, 13), (13, 12)} and len(all_pairs) == 528
assert np.argwhere(are_wrong == 1).tolist() == [[12, 13], [13, 12]]
assert not (pairs_of["training"] | pairs_of["testing"]) & wrong_pairs
assert len(pairs_of["training"]) == 74 and max(map(max, pairs_of["training"])) == 14
# Columns 2 and 3 both hold 1+1.
assert all(a & b & 12 == 12 for a, b in wrong_pairs)
alike = {(a, b) for a, b in all_pairs if a & b & 12 == 12}
assert alike == {(a, b) for a in range(12, 16) for b in range(12, 16)}
assert not alike & pairs_of["training"]
a, b, num_bits = wrong_sum.a, wrong_sum.b, wrong_sum.num_bits
assert (num_bits, a, b) == (82, 2**81 - 1, 2**80 + 1)
drifting = runs["seed 2"].adder
assert a + b - drifting.add(a, b, num_bits) == 2**80
assert 0.49 < drifting.predict(encode(a, b, num_bits))[0, 80, 0] < 0.5
right = {
    (recipe, kind): ((run.adder.predict(x) > 0.5) == add_columns(x)).all(axis=(1, 2))
    for recipe, run in runs.items() for kind, x in sums.items()
}
assert right["seed 2", "random"].all() and not right["seed 2", "with runs"].any()
for recipe in ("fresh batches", "tutorial + Jacobian penalty"):
    assert right[recipe, "random"].all() and right[recipe, "with runs"].all()
assert [found.verdict for found in proofs.values()] == ["refuted", "undecided", "proved"]
# How the units move, in the order of the panels, and when seed 2 loses the carry.
x = np.array([[[1, 1]] + [[1, 0]] * 150])
units = [follow(Network(runs[recipe].weights), x)[0] for recipe in proofs]
moves = [np.ptp(states_of[10:], axis=0).max() for states_of in units]
assert moves[0] > 1 > moves[1] > 0.3 > 0.001 > moves[2]
outputs = Network(runs["seed 2"].weights).output(units[0])
assert 82 < (outputs > 0.5).argmax() < 90
# With the penalty, 1+0 contracts where it leads, with a carry and without, but not in between.
with_penalty = Network(run.weights)
without_carry = follow(with_penalty, np.array([[[0, 0]] + [[1, 0]] * 150]))[0, -1]
between = with_penalty.jacobians(np.linspace(without_carry, units[2][-1], 101))
norms = np.linalg.norm(between.reshape(101, 4, 16, 16)[:, 2], 2, axis=(1, 2))
assert norms[[0, -1]].max() < 0.2 < 5 < norms.max()
gates_held = {
    gate: weights | {f"W{gate}": zeros, f"U{gate}": zeros, f"b{gate}": large} for gate in "zr"
}
verdicts = [small_proof.verdict, *(prove(held).verdict for held in gates_held.values())]
assert verdicts == ["proved", "proved", "refuted"]
assert sum(weight.size for weight in weights.values()) == 33 and len(states) == 5
assert [c["bits"][i] + 2 * c["memories"][i] for i in range(1, 5)] == [0, 1, 2, 3]
assert abs(states[1:, 1] - (0.2 + 0.09 * np.arange(4))).max() < 0.01
assert verify(c, weights) > 1e-5 and factors[ball].max() < 0.05 and factors.max() < 0.5
landed = small.steps(drawn)
distances = np.linalg.norm(landed - states[targets[ball]], axis=2)
assert (distances.max(axis=0) < radii[targets[ball]]).all() and (reach < radii[targets]).all()
assert ((small.output(landed) > 0.5) == c["bits"][targets[ball]]).all()
assert verdict_on(radii=radii * [1, 0.2, 1, 1, 1]).startswith("refused")
assert len(certificate["states"]) == 10
automaton = machine_of(certificate)
machine, _ = automaton.minimised()
assert len(machine.targets) == 2
assert automaton.minimised()[1].tolist() == certificate["memories"].tolist()
assert np.array_equal(machine.targets, ADDITION.targets)
assert np.array_equal(machine.outputs, ADDITION.outputs)
((a, b),) = random_pairs(1_000_000, 1, np.random.RandomState(0))
assert a.bit_length() > 999_000 and run.adder.add(a, b, 1_000_000) == a + b
text = Path("../docs/two_units.md").read_text(encoding="utf-8")
in_docs = dict(re.findall(r"^(\\w+) = (.*)$", text, re.M))
assert {name: json.loads(in_docs[name]) for name in weights} == {
    name: values.tolist() for name, values in weights.items()
}
""",
    "04_tf1_to_tf2.ipynb": """
from tensorflow.tools.compatibility.ast_edits import ASTCodeUpgrader
from tensorflow.tools.compatibility.tf_upgrade_v2 import TFAPIChangeSpec

old_code = '''x = tf.placeholder(tf.float32)
hidden = tf.layers.dense(x, 16)
some = tf.nn.dropout(x, 0.9)
penalty = tf.contrib.layers.l2_regularizer(0.1)
classifier = tf.estimator.Estimator(model_fn)
'''
_, new, _, problems = ASTCodeUpgrader(TFAPIChangeSpec()).update_string_pasta(old_code, "old.py")
assert not problems
assert new.splitlines() == [
    "x = tf.compat.v1.placeholder(tf.float32)",
    "hidden = tf.layers.dense(x, 16)",
    "some = tf.nn.dropout(x, rate=1 - (0.9))",
    "penalty = tf.keras.regularizers.l2(0.5 * (0.1))",
    "classifier = tf.estimator.Estimator(model_fn)",
]
ones = np.ones(10_000)
kept_by = [np.mean(of.nn.dropout(ones, 0.9) > 0) for of in (tf1, tf)]
assert np.allclose(kept_by, [0.9, 0.1], rtol=0, atol=0.02)

def message_of(call):
    try:
        call()
    except Exception as error:
        return str(error)

assert message_of(lambda: tf1.layers.dense) == "`dense` is not available with Keras 3."
unnamed_weights = message_of(lambda: gru_model.save_weights(directory.name + "/weights"))
assert "must end in `.weights.h5`" in unnamed_weights

# A variable that a layer does not make itself is not trained.
class Plus(keras.layers.Layer):
    def build(self, input_shape):
        self.own, self.added = tf.Variable(0.0, dtype=tf.float64), self.add_weight(shape=())

    def call(self, x):
        return x + self.own + self.added

plus = Plus()
plus_model = keras.Sequential([keras.Input((1,)), plus])
plus_model.compile("sgd", "mse")
plus_model.fit(np.ones((4, 1)), np.zeros((4, 1)), verbose=0)
assert plus.own.numpy() == 0 != plus.added.numpy() and len(plus.weights) == 1
# The queue's last batch, and a dataset's.
with tf1.Graph().as_default(), closing(tf1.Session()) as one_session:
    numbers = tf1.train.range_input_producer(6, shuffle=False)
    by_queue = tf1.train.batch([numbers.dequeue()], 4)
    coordinator = tf1.train.Coordinator()
    threads = tf1.train.start_queue_runners(one_session, coordinator)
    queued = [one_session.run(by_queue).tolist() for _ in range(3)]
    coordinator.request_stop()
    one_session.run(numbers.close(cancel_pending_enqueues=True))
    coordinator.join(threads, ignore_live_threads=True)
repeated = tf.data.Dataset.range(6).repeat().batch(4).take(3)
assert queued == [b.tolist() for b in repeated.as_numpy_iterator()]
assert queued == [[0, 1, 2, 3], [4, 5, 0, 1], [2, 3, 4, 5]]
# The assignment whose value is used.
with tf1.Graph().as_default(), closing(tf1.Session()) as one_session:
    used = tf1.get_variable("counter", initializer=0)
    one_session.run(used.initializer)
    sum_up = lambda i, total: (i + 1, total + used.assign_add(1))
    one_session.run(tf1.while_loop(lambda i, _: i < 10, sum_up, (0, 0)))
    assert one_session.run(used) == 10
with closing(tf1.Session(graph=graph)) as other, other.as_default():
    assert tf.executing_eagerly()
set_tf1(initial)
feed = {x_in: x_train, model.expected_output: y_train}
before_step = session.run(model.loss, feed)
_, fetched = session.run([model.train_step, model.loss], feed)
assert fetched == before_step > session.run(model.loss, feed)
assert np.array_equal(drawn_by_tf2, initial["Wr"])
assert not np.array_equal(drawn_by_keras, initial["Wr"])
assert first_weight(0, 3) == first_weight(1, 3) == initial["Wr"][0, 0] != first_weight(0)
assert first_weight(0) != first_weight(1)
with graph.as_default():
    powers = [v.dtype for v in tf1.global_variables() if v.name.endswith("_power:0")]
settings = [graph.get_tensor_by_name(f"Adam/{name}:0").dtype for name in ("beta1", "beta2")]
assert powers == settings == [tf.float32] * 2
assert 1e-12 < abs(by_keras - reference[:50]).max() < 1e-5
exact = "TF1's Adam, float64 settings"
assert deviations["TF1's Adam"].max() < 1e-12
assert abs(losses_of["Keras's Adam, float64 betas"] - unrounded).max() < 1e-12
assert abs(train_keras(50, **keras_betas) - unrounded[:50]).max() < 1e-12
# In a TensorFlow 1 graph too.
with tf1.Graph().as_default(), closing(tf1.Session()) as one_session:
    old_program = AdditionModel(seed=0)
    settings = [tf.constant(number, tf.float64) for number in (0.001, 0.9, 0.999, 1e-8)]
    train_step = tf1.train.AdamOptimizer(*settings).minimize(old_program.loss)
    one_session.run(tf1.global_variables_initializer())
    feed = {old_program.gru.input_layer: x_train, old_program.expected_output: y_train}
    in_graph = [one_session.run([old_program.loss, train_step], feed)[0] for _ in range(50)]
assert abs(in_graph - unrounded[:50]).max() < 1e-12
is_whole = iterations == 2000
assert (1e-6 if is_whole else 1e-7) < deviations[exact].max() < 1e-5
default_epsilon = "Keras's Adam, its default epsilon"
assert deviations[default_epsilon].max() > (0.1 if is_whole else 1e-3)
assert all(values[0] < 1e-12 for name, values in deviations.items() if "Adam" in name)
if is_whole:
    assert 0.2 < losses_of[default_epsilon][-1] / reference[-1] - 1 < 0.3
    largest = [values.max() for values in deviations.values()]
    # The legend's order is the curves', of which one covers another.
    assert all(a > 0.999 * b for a, b in zip(largest, largest[1:]))
    assert largest[1] < 4 * deviations["TF1 in float32"].max() < 4e-4
# Tolerances: what is about 1e-6 and 1e-7, and what is too strict.
errors = {name: abs(np.asarray(o) - expected).max() for name, o in outputs.items()}
assert 1e-7 < min(errors.values()) and max(errors.values()) < 4e-6
assert deviations["TF1 in float32"][0] < 4e-7
assert not np.allclose(outputs["float32, Keras"], expected, rtol=1e-7, atol=0)
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    assert abs(train_keras(5) - by_keras[:5]).max() < 1e-12
# Batch norm: the mean moves only in a function, also if only the training step is fetched.
def mean_after_steps(call):
    with tf1.Graph().as_default(), closing(tf1.Session()) as one_session:
        layer = keras.layers.BatchNormalization()
        layer.build((None, 2))
        scale = tf1.get_variable("scale", initializer=np.ones((1, 2)))
        loss = tf1.reduce_sum(call(layer)(scale * pairs, training=True) ** 3)
        train_step = tf1.train.GradientDescentOptimizer(0.0).minimize(loss)
        one_session.run(tf1.global_variables_initializer())
        for _ in range(3):
            one_session.run(train_step)
        return one_session.run(layer.moving_mean.value)

# Fused batch norm's variance and Keras's, of four numbers.
image = np.arange(4, dtype="float32").reshape(1, 2, 2, 1)
norm = keras.layers.BatchNormalization(momentum=0, dtype="float32")
norm(image, training=True)
fused = tf1.nn.fused_batch_norm(image, np.ones(1, "float32"), np.zeros(1, "float32"))
assert np.allclose(fused[2], np.var(image, ddof=1))
assert np.allclose(norm.moving_variance.numpy(), np.var(image))
assert not mean_after_steps(lambda layer: layer).any()
assert np.allclose(mean_after_steps(tf.function), pairs.mean(axis=0) * (1 - 0.99**3))
set_tf1(trained)
right = session.run(model.output, {x_in: x_train})
gru_model.set_weights(keras_weights(trained))
assert abs(gru_model(x_train).numpy() - right).max() < 1e-12
kernel, recurrent_kernel, bias, *dense = keras_weights(trained)
default_gru = keras.layers.GRU(16, return_sequences=True)
default_gru.build((None, None, 2))
default_gru.set_weights([kernel, recurrent_kernel, np.stack([bias, 0 * bias])])
default_states = default_gru(x_train).numpy()
apart = abs(default_states - states).max(axis=(0, 2))
assert apart[0] < 1e-12 and apart[1:].min() > 0.5
default_output = default_states @ dense[0] + dense[1]
assert np.mean((default_output > 0.5) != (y_train > 0.5)) > 0.2

# The formulas of tf.nn.rnn_cell.GRUCell, against the weights for Keras.
def cell_step(h, x_t, gates_kernel, gates_bias, candidate_kernel, candidate_bias):
    gates = np.hstack([x_t, h]) @ gates_kernel + gates_bias
    r, u = np.split(1 / (1 + np.exp(-gates)), 2, axis=1)
    candidate = np.tanh(np.hstack([x_t, r * h]) @ candidate_kernel + candidate_bias)
    return u * h + (1 - u) * candidate

normal = np.random.RandomState(2).normal
cell = [normal(size=shape) for shape in ((18, 32), (32,), (18, 16), (16,))]
h = np.zeros((100, 16))
for t in range(5):
    h = cell_step(h, x_train[:, t], *cell)
cell_gru = keras.layers.GRU(16, reset_after=False)
cell_gru.build((None, None, 2))
cell_gru.set_weights(keras_weights_of_cell(*cell))
assert abs(cell_gru(x_train).numpy() - h).max() < 1e-12

# Those of tf.nn.rnn_cell.BasicLSTMCell.
def lstm_cell_step(h, c, x_t, kernel, bias):
    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    i, j, f, o = np.split(np.hstack([x_t, h]) @ kernel + bias, 4, axis=1)
    c = c * sigmoid(f + 1.0) + sigmoid(i) * np.tanh(j)
    return np.tanh(c) * sigmoid(o), c

lstm_cell = [normal(size=shape) for shape in ((18, 64), (64,))]
h = c = np.zeros((100, 16))
for t in range(5):
    h, c = lstm_cell_step(h, c, x_train[:, t], *lstm_cell)
cell_lstm = keras.layers.LSTM(16)
cell_lstm.build((None, None, 2))
cell_lstm.set_weights(keras_weights_of_lstm_cell(*lstm_cell))
assert abs(cell_lstm(x_train).numpy() - h).max() < 1e-12

# dynamic_rnn with lengths, on a cell of the GRU's formulas.
class OldCell:
    output_size = state_size = 16

    def zero_state(self, batch_size, dtype):
        return tf.zeros((batch_size, 16), dtype)

    def __call__(self, x_t, h, scope=None):
        gates_kernel, gates_bias, candidate_kernel, candidate_bias = cell
        r, u = tf.split(tf.sigmoid(tf.concat([x_t, h], 1) @ gates_kernel + gates_bias), 2, axis=1)
        candidate = tf.tanh(tf.concat([x_t, r * h], 1) @ candidate_kernel + candidate_bias)
        h = u * h + (1 - u) * candidate
        return h, h

lengths = np.arange(100) % 5 + 1
with tf1.Graph().as_default(), closing(tf1.Session()) as one_session:
    old = one_session.run(
        tf1.nn.dynamic_rnn(
            OldCell(), tf.constant(x_train), sequence_length=lengths, dtype=tf.float64
        )
    )
masked_gru = keras.layers.GRU(
    16, reset_after=False, return_sequences=True, return_state=True, zero_output_for_mask=True
)
masked_gru.build((None, None, 2))
masked_gru.set_weights(keras_weights_of_cell(*cell))
new = masked_gru(x_train, mask=np.arange(5) < lengths[:, np.newaxis])
assert all(abs(a.numpy() - b).max() < 1e-12 for a, b in zip(new, old, strict=True))
# Determinism without a seed: last, since it can't be undone.
tf.config.experimental.enable_op_determinism()
with tf.Graph().as_default():
    assert "require a seed" in message_of(lambda: tf1.Session().run(tf.random.uniform(())))
assert tf.executing_eagerly()
""",
}


def sources(name):
    return nbformat.read(DIRECTORY / name, as_version=4).cells


def solutions(name, way="whole"):
    """The code of each solution that is executed this way, and what it prints."""
    cells = [
        cell
        for cell in sources(name)
        if way == "whole" or TRAINS not in cell.metadata.get("tags", [])
    ]
    return [solution for cell in cells for solution in SOLUTION.findall(cell.source)]


def printed(cell):
    """What a cell prints, and the text of its results, except those of pictures."""
    outputs = [output for output in cell.outputs if PNG not in output.get("data", {})]
    return "".join(output.get("text") or output.data.get("text/plain", "") for output in outputs)


@pytest.fixture(scope="module", params=NOTEBOOKS)
def name(request):
    return request.param


@pytest.fixture(scope="module", params=["shortened", pytest.param("whole", marks=torture)])
def way(request):
    return request.param


@pytest.fixture(scope="module")
def executed(name, way, shared, shared_runs):
    """A notebook after a run with its solutions and its claims.

    A shortened one gets its parameters, and reuses what another notebook or a test has trained.
    """
    more_cells = [code for code, _ in solutions(name, way)] + [CLAIMS[name]]
    startup = shared / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True, exist_ok=True)
    (startup / "share.py").write_text("import shared_runs; shared_runs.share()")
    sharing = {"IPYTHONDIR": str(shared / "ipython"), DIRECTORY_OF_RUNS: str(shared_runs)}
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in (sharing | WITH_TESTS if way == "shortened" else {}).items():
            patch.setenv(variable, value)
        for variable in OF_THE_TESTS if way == "whole" else ():
            patch.delenv(variable)
        try:
            return execute(name, PARAMETERS.get(name) if way == "shortened" else None, more_cells)
        except FAILURES as error:
            pytest.fail(str(error))


def test_it_runs_without_an_error_a_warning_or_chatter(executed):
    for cell in executed.cells:
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr", f"{cell.source}\n\n{output.text}"
            assert "Warning" not in str(output.get("text")), cell.source


def test_what_is_committed_is_what_it_prints(executed, name, way):
    compared = 0
    for new, old in zip(executed.cells, sources(name), strict=False):
        if new.cell_type == "code" and not VARYING & set(old.metadata.get("tags", [])):
            assert printed(new) == printed(old), old.source
            compared += 1
    assert compared > 10


def test_each_exercise_has_a_solution(name):
    assert 2 <= len(solutions(name)) <= 5
    assert len(solutions(name)) == sum("<details>" in cell.source for cell in sources(name))


def test_the_solutions_print_what_they_say(executed, name, way):
    expected = [text for _, text in solutions(name, way)]
    answers = executed.cells[len(sources(name)) :][: len(expected)]

    assert len(answers) == len(expected) > 0
    for cell, text in zip(answers, expected, strict=True):
        assert "".join(o.get("text", "") for o in cell.outputs).strip("\n") == text.strip("\n")


RUN_SETUP = """
import importlib.metadata, importlib.util, sys
from IPython.core.interactiveshell import InteractiveShell
def version(name):
    assert name == "gru_addition"
    raise importlib.metadata.PackageNotFoundError
importlib.metadata.version = version
if sys.argv[2] == "no pip":
    importlib.util.find_spec = lambda name: None
shell = InteractiveShell.instance()
shell.register_magic_function(lambda line: print("pip", line), magic_name="pip")
shell.run_cell(sys.argv[1])
"""


@pytest.mark.parametrize(
    ("clone", "place", "pip", "expected"),
    [
        ("", "notebooks", "pip", 'pip install --quiet "..[proof]"\n'),
        ("", ".", "pip", 'pip install --quiet ".[proof]"\n'),
        ("gru_addition", ".", "pip", 'pip install --quiet "./gru_addition[proof]"\n'),
        ("other", ".", "pip", ": first clone the repository: !git clone ADDRESS gru_addition\n"),
        ("", "notebooks", "no pip", ': no pip here: install "..[proof]" with your own tool'),
    ],
)
def test_the_first_cell_installs_a_package_that_is_missing_from_the_clone(
    clone, place, pip, expected, tmp_path
):
    """The other tests execute it where nothing is missing."""
    # Another project may lie around it.
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "notebooks").mkdir()
    package = tmp_path / clone / "gru_addition"
    package.mkdir(parents=True)
    (package / "dataset.py").touch()
    cells = [cell for name in NOTEBOOKS for cell in sources(name)]
    (code,) = {cell.source for cell in cells if "setup" in cell.metadata.get("tags", [])}

    printed = run_code(RUN_SETUP, code, pip, cwd=tmp_path / place)

    assert expected in printed
    assert ("pip install" in printed) == expected.startswith("pip install")


def test_it_opens_with_what_one_learns_and_how_long_it_takes(name):
    first = sources(name)[0].source

    assert first.startswith("# ")
    for heading in "What you will learn", "How long", "What you need":
        assert heading in first


def test_it_is_committed_from_one_run_on_no_particular_machine(name):
    notebook = nbformat.read(DIRECTORY / name, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]

    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert as_saved(notebook) == notebook
    assert str(ROOT) not in (DIRECTORY / name).read_text(encoding="utf-8")


def test_cells_are_short(name):
    for cell in sources(name):
        # Imports, one a line, may take more.
        if cell.cell_type == "code" and not cell.source.startswith("import"):
            assert len(cell.source.splitlines()) <= 22, cell.source


def test_every_local_link_leads_to_a_file_and_to_a_heading_in_it(name):
    text = "\n".join(cell.source for cell in sources(name) if cell.cell_type == "markdown")
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    headings_here = {title.replace(" ", "-") for title in headings(text)}

    for target in re.findall(r"\]\((?!https?://)([^)]+)\)", text):
        path, _, heading = target.partition("#")
        assert (DIRECTORY / path).exists(), target
        if not path:
            assert heading in headings_here, target
        elif path.endswith(".md") and heading:
            page = (DIRECTORY / path).read_text(encoding="utf-8")
            # As GitHub makes them.
            names = [re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings(page)]
            assert heading in names, target


def headings(text):
    return re.findall(r"^#+ (.*)$", text, re.MULTILINE)


def test_pictures_have_words_for_those_who_cannot_see_them_and_are_wide(name):
    pictures = 0
    for cell in sources(name):
        for alternative in re.findall(r"!\[(.*?)\]\(", cell.source):
            assert len(alternative) > 40
        for output in cell.get("outputs", []):
            if PNG in output.get("data", {}):
                metadata = output.metadata[PNG]
                assert len(metadata["alt"]) > 40, cell.source
                assert metadata["width"] >= 700, cell.source
                pictures += 1
    assert pictures >= 1


def test_the_picture_above_the_list_of_notebooks_is_the_one_in_the_first():
    picture = picture_of(nbformat.read(DIRECTORY / NOTEBOOKS[0], as_version=4))

    assert (PICTURES / NOTEBOOKS[0]).with_suffix(".png").read_bytes() == picture


def test_the_column_by_hand_has_the_numbers_that_the_code_prints():
    (index,) = [
        i for i, c in enumerate(sources(NOTEBOOKS[0])) if "| update gate, unit 0" in c.source
    ]
    by_hand, by_code = sources(NOTEBOOKS[0])[index : index + 2]
    number = re.compile(r"[-\N{MINUS SIGN}]?\d+\.?\d*")
    rows = re.findall(r"^\| (?:update|reset|candidate).*?, unit \d(.*)$", by_hand.source, re.M)

    printed_numbers = {float(text) for text in number.findall(printed(by_code))}
    assert len(rows) == 6
    for row in rows:
        numbers = [float(text.replace("\N{MINUS SIGN}", "-")) for text in number.findall(row)]
        assert len(numbers) == 5
        assert sum(numbers[:3]) == pytest.approx(numbers[3], abs=1e-3)
        assert {*numbers} <= printed_numbers


def test_the_losses_quoted_are_those_of_tensorflow_1_3_0(golden):
    (cell,) = [c for c in sources(NOTEBOOKS[0]) if c.source.startswith("tensorflow_1_3_0 = {")]
    quoted = {}
    exec(cell.source.split("for iteration")[0], quoted)

    losses = golden("tf-1.3.0", 0)["train_losses"]
    assert len(quoted["tensorflow_1_3_0"]) == 5
    for iteration, loss in quoted["tensorflow_1_3_0"].items():
        assert loss == losses[iteration]


@pytest.fixture
def execute_alone(tmp_path):
    """A function of a cell's code and tags that has the script execute a notebook of that cell."""
    directory = tmp_path / "notebooks"
    directory.mkdir()
    (tmp_path / "docs").mkdir()
    shutil.copy(DIRECTORY / "execute.py", directory)

    def run(code, *tags):
        cell = nbformat.v4.new_code_cell(code, id="only", metadata={"tags": list(tags)})
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), directory / "1.ipynb")
        process = subprocess.run(
            [sys.executable, directory / "execute.py"],
            env=environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert sorted(path.name for path in directory.iterdir()) == ["1.ipynb", "execute.py"]
        return process, nbformat.read(directory / "1.ipynb", as_version=4)

    return run


def test_a_notebook_that_fails_is_left_as_it_was(execute_alone):
    process, notebook = execute_alone("print(1)\n1 / 0", "picture")

    assert process.returncode == 1
    assert "1.ipynb fails, and is left as it was" in process.stderr
    assert "ZeroDivisionError" in process.stderr
    assert notebook.cells[0].outputs == []


def test_a_notebook_is_saved_and_its_picture_by_itself_too(execute_alone, tmp_path):
    show = f"from IPython.display import display\ndisplay({{{PNG!r}: 'cGljdHVyZQ=='}}, raw=True)"

    process, notebook = execute_alone(show, "picture")

    assert process.returncode == 0
    assert re.fullmatch(r"1.ipynb: executed and saved in \d+ s\n", process.stdout)
    (output,) = notebook.cells[0].outputs
    assert output.data == {PNG: "cGljdHVyZQ=="}
    assert (tmp_path / "docs" / "1.png").read_bytes() == b"picture"


def test_chatter_past_pythons_standard_error_would_be_seen(execute_alone):
    _, notebook = execute_alone("import os\nos.write(2, b'TensorFlow says');")

    assert "TensorFlow says" in str(notebook.cells[0].outputs)


def test_a_parameter_that_does_not_exist_is_named():
    with pytest.raises(
        ValueError, match=r"04_tf1_to_tf2\.ipynb has no parameter 'loop_iterations'"
    ):
        execute("04_tf1_to_tf2.ipynb", {"loop_iterations": 1})
