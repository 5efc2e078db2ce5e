"""With the same seed, today's TensorFlow gives the numbers of TensorFlow 1.3.0 and 1.15.5.

Both engines do: the tutorial's loop and the compiled one. Nothing but the seed is handed over. The
oracle is golden/, recorded by golden/record.py.
"""

import itertools
from functools import cache

import numpy as np
import pytest
from common import CHAOTIC_SEED, ENGINES, GOLDEN, SEEDS, STABLE_SEEDS, VERSIONS, spike_onset

from gru_addition.dataset import encode, generate_batch
from gru_addition.model import AdditionModel
from gru_addition.support import tf
from gru_addition.train import Config, train

pytestmark = pytest.mark.parametrize("version", VERSIONS)
for_each_seed = pytest.mark.parametrize(
    "seed", [pytest.param(0, marks=pytest.mark.quick), *SEEDS[1:]]
)

# The session engine takes more than half a minute for a whole run.


def for_each_run(seeds):
    """Whole runs of both engines; all but one of the session engine's are left to `make torture`.

    The chaotic seed's first thousand iterations stand in here for the session engine's other runs.
    """
    runs = []
    for engine, seed in itertools.product(ENGINES, seeds):
        takes_long = engine == "session" and seed != 0
        marks = pytest.mark.torture if takes_long else ()
        runs.append(pytest.param(engine, seed, 5000, marks=marks))
        if takes_long and seed == CHAOTIC_SEED:
            runs.append((engine, seed, 1000))
    return pytest.mark.parametrize(("engine", "seed", "iterations"), runs)


LARGEST_LOSS_DEVIATION = 1e-12
LARGEST_GRADIENT_DEVIATION = 1e-13


@pytest.fixture(scope="module")
def at_first():
    """A function of a seed that returns the weights and gradients before the first step."""

    @cache
    def compute(seed):
        x, y = generate_batch(5, 100, np.random.RandomState(seed))
        with tf.Graph().as_default(), tf.Session() as session:
            model = AdditionModel(seed=seed)
            gradients = tf.gradients(model.loss, list(model.weights.values()))
            gradients = dict(zip(model.weights, gradients, strict=True))
            session.run(tf.global_variables_initializer())
            feed = {model.gru.input_layer: x, model.expected_output: y}
            return session.run([model.weights, gradients], feed)

    return compute


@for_each_seed
def test_initial_weights_are_identical_bit_for_bit(golden, at_first, version, seed):
    weights, _ = at_first(seed)

    recorded = {name for name in golden(version, seed) if name.startswith("initial_")}
    assert {"initial_" + name for name in weights} == recorded
    for name, weight in weights.items():
        np.testing.assert_array_equal(weight, golden(version, seed)["initial_" + name], name)


@for_each_seed
def test_first_gradients_agree(golden, at_first, version, seed, figure):
    _, gradients = at_first(seed)

    # Relative to an array's largest entry, since small ones are differences of larger numbers.
    deviations = []
    for name, gradient in gradients.items():
        recorded = golden(version, seed)["gradient_" + name]
        deviations.append(np.abs(gradient - recorded).max() / np.abs(recorded).max())
    figure(f"{version}, seed {seed}: first gradients deviate by at most {max(deviations):.1e}")
    assert max(deviations) < LARGEST_GRADIENT_DEVIATION


@pytest.fixture
def run_of(trained):
    """A function of engine, seed and iterations that returns the tutorial's run."""
    return lambda engine, seed, iterations: trained(
        Config(engine=engine, seed=seed, iterations=iterations)
    )


@for_each_run(SEEDS)
def test_all_losses_agree_up_to_a_spike(golden, run_of, version, seed, engine, iterations, figure):
    record, history = golden(version, seed), run_of(engine, seed, iterations).history
    spike = spike_onset(record["validation_losses"])
    compared = min(iterations, spike or iterations)

    assert len(history) == iterations <= len(record["train_losses"])
    deviations = {
        kind: relative_deviation(getattr(history, kind)[:compared], record[kind][:compared]).max()
        for kind in ("train_losses", "validation_losses")
    }
    where = ", where a spike sets in" if compared == spike else ""
    figure(
        f"{version}, seed {seed}, {engine} engine: train losses deviate by at most "
        f"{deviations['train_losses']:.1e}, validation losses by "
        f"{deviations['validation_losses']:.1e} (iterations: {compared:,}{where})"
    )
    assert max(deviations.values()) < LARGEST_LOSS_DEVIATION


def test_only_the_chaotic_run_has_a_spike(golden, version):
    onsets = {seed: spike_onset(golden(version, seed)["validation_losses"]) for seed in SEEDS}

    assert [seed for seed in SEEDS if onsets[seed] is not None] == [CHAOTIC_SEED]
    later_losses = golden(version, CHAOTIC_SEED)["train_losses"][onsets[CHAOTIC_SEED] :]
    assert (later_losses / np.minimum.accumulate(later_losses)).max() > 1.2


def test_the_old_versions_part_from_each_other_soon_after_the_onset(golden, version, figure):
    """The oracle of `spike_onset`, which sees only one version's record; this looks at both."""
    one, other = (recorded_losses(golden(name, CHAOTIC_SEED)) for name in VERSIONS)
    deviation = relative_deviation(one, other).max(axis=1)
    onset = spike_onset(golden(version, CHAOTIC_SEED)["validation_losses"])
    parting = np.flatnonzero(deviation > LARGEST_LOSS_DEVIATION)[0]

    figure(
        f"{version}, seed {CHAOTIC_SEED}: a spike sets in at iteration {onset:,}; "
        f"{VERSIONS[0]} and {VERSIONS[1]} part at {parting:,}, later by up to {deviation.max():.0%}"
    )
    assert parting - 50 < onset < parting
    assert deviation.max() > 0.1


@for_each_run(STABLE_SEEDS)
def test_final_weights_agree(golden, run_of, version, seed, engine, iterations):
    record = golden(version, seed)

    for name, weight in run_of(engine, seed, iterations).weights.items():
        # Relative to the largest weight, since small ones are differences of large numbers.
        scale = np.abs(record["final_" + name]).max()
        np.testing.assert_allclose(weight, record["final_" + name], rtol=0, atol=1e-12 * scale)


@for_each_run(STABLE_SEEDS)
def test_the_answer_to_1024_plus_16_agrees(golden, run_of, version, seed, engine, iterations):
    record = golden(version, seed)
    adder = run_of(engine, seed, iterations).adder

    assert adder.add(1024, 16, num_bits=20) == record["answer_1024_16"]
    output = adder.predict(encode(1024, 16, num_bits=20))[0, :, 0]
    np.testing.assert_allclose(output, record["output_1024_16"], rtol=0, atol=1e-12)


def test_an_old_checkpoint_restores_by_name_and_continues_to_the_same_losses(
    golden, version, figure
):
    record = golden(version, 0)
    checkpoint = GOLDEN / version / "checkpoint" / "seed-0-2500"
    with tf.Graph().as_default(), tf.Session() as session:
        model = AdditionModel()
        tf.train.Saver().restore(session, str(checkpoint))
        losses = continue_training(
            session, model.train_step, model.loss, model.gru.input_layer, model.expected_output,
            record, iterations=100,
        )  # fmt: skip

    deviation = relative_deviation(losses, recorded_losses(record)[2500:2600]).max()
    figure(f"{version}: losses after restoring its checkpoint deviate by at most {deviation:.1e}")
    assert deviation < LARGEST_LOSS_DEVIATION


def test_our_checkpoint_holds_the_same_variables(version, tmp_path):
    """So it restores there, as golden/take_over.py shows."""
    train(Config(iterations=1, engine="session"), tmp_path)

    ours = tf.train.list_variables(str(tmp_path / "model.ckpt"))
    assert ours == tf.train.list_variables(str(GOLDEN / version / "checkpoint" / "seed-0-2500"))


def test_an_old_metagraph_trains_on_todays_tensorflow(golden, version, figure):
    record = golden(version, 0)
    checkpoint = GOLDEN / version / "checkpoint" / "seed-0-2500"
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.train.import_meta_graph(f"{checkpoint}.meta").restore(session, str(checkpoint))
        losses = continue_training(
            session, "Adam", "truediv:0", "input:0", "expected_output:0", record, iterations=200
        )
        assert graph.get_operation_by_name("h_t_transposed/while/Enter")

    deviation = relative_deviation(losses, recorded_losses(record)[2500:2700]).max()
    figure(f"{version}: losses of its own graph, imported, deviate by at most {deviation:.1e}")
    assert deviation < LARGEST_LOSS_DEVIATION


def continue_training(session, train_step, loss, x, y, record, iterations):
    """Train as the tutorial does; return the losses, of shape (iterations, 2)."""
    train_feed = {x: record["x_train"], y: record["y_train"]}
    test_feed = {x: record["x_test"], y: record["y_test"]}
    losses = np.empty((iterations, 2))
    for iteration in range(iterations):
        losses[iteration, 0] = session.run([loss, train_step], train_feed)[0]
        losses[iteration, 1] = session.run(loss, test_feed)
    return losses


def recorded_losses(record):
    return np.stack([record["train_losses"], record["validation_losses"]], axis=1)


def relative_deviation(ours, recorded):
    return np.abs(ours - recorded) / np.abs(recorded)
