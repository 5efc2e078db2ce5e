"""Networks that were trained elsewhere are read as what they are, or refused by name.

The oracles are Keras itself, and what PyTorch computed: `golden/record_pytorch.py` recorded that.
The networks in `golden/trained` come from `examples/from_keras.py` and `from_pytorch.py`.
"""

import io
import json
import zipfile

import numpy as np
import pytest
from common import GOLDEN, run_from_scratch, run_module

from gru_addition.add import Adder
from gru_addition.cells.frameworks import as_ours, from_keras, from_torch
from gru_addition.cells.network import Network
from gru_addition.cells.weights import cell_of, load_network
from gru_addition.prove import prove
from gru_addition.support.files import DamagedError
from gru_addition.verify import RefusedError, verify

# What Keras does when it saves or reads a model.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
UNITS = 5
CELLS = {
    "SimpleRNN": "elman", "GRU": "gru_reset_after", "GRU before": "gru", "LSTM": "lstm",
}  # fmt: skip
TRAINED = sorted(path.name for path in (GOLDEN / "trained").iterdir())
PYTORCH = sorted(path.name for path in (GOLDEN / "pytorch").iterdir())


@pytest.fixture(scope="module")
def layers():
    """Keras' layers; TensorFlow takes seconds to import it."""
    import keras

    return keras.layers


def model_of(layers, layer, readout=None, before=(), dtype="float64", units=1, **options):
    """A model with random weights, large enough for all nonlinearities to matter."""
    import keras

    if isinstance(layer, str):
        kind, _, before_product = layer.partition(" ")
        options |= {"reset_after": not before_product} if kind == "GRU" else {}
        layer = getattr(layers, kind)(UNITS, **{"return_sequences": True, "dtype": dtype} | options)
    readout = layers.Dense(units, dtype=dtype) if readout is None else readout
    model = keras.Sequential([keras.Input((None, 2)), *before, layer, readout])
    random_state = np.random.RandomState(0)
    model.set_weights([random_state.normal(size=w.shape, scale=0.7) for w in model.get_weights()])
    return model


def random_bits():
    return np.random.RandomState(1).randint(0, 2, (7, 9, 2)).astype(float)


def assert_same_outputs(weights, expected, x):
    """What the graph computes with these weights, and NumPy, is what is expected."""
    given = as_ours(weights)
    np.testing.assert_allclose(Adder.from_weights(weights).predict(x), expected, rtol=0, atol=1e-12)
    network, h = Network(given), np.zeros((len(x), Network(given).state_size))
    for column, pairs in enumerate((x @ [2, 1]).astype(int).T):
        h = network.steps(h)[np.arange(len(x)), pairs]
        np.testing.assert_allclose(network.output(h), expected[:, column, 0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("layer", CELLS)
@pytest.mark.parametrize("options", [{}, {"use_bias": False}], ids=["with biases", "without"])
def test_a_keras_layer_computes_the_same_here(layer, options, layers, tmp_path):
    model, x = model_of(layers, layer, **options), random_bits()

    weights = from_keras(model)

    assert cell_of(weights) == CELLS[layer]
    assert_same_outputs(model, np.asarray(model(x)), x)
    model.save(tmp_path / "model.keras")
    for name, weight in load_network(tmp_path / "model.keras")[0].items():
        np.testing.assert_array_equal(weight, weights[name])


def test_a_functional_model_and_other_wrappings_are_read_too(layers, tmp_path):
    import keras

    x, bits = keras.Input((9, 2), batch_size=7), random_bits()
    layer = layers.GRU(UNITS, return_sequences=True, stateful=True, dtype="float64", dropout=0.5)
    dense = layers.Dense(1, use_bias=False, dtype="float64")
    readout = layers.TimeDistributed(dense, dtype="float64")
    model = keras.Model(x, readout(layer(x)))
    expected = np.asarray(model(bits))
    layer.reset_state()

    assert_same_outputs(model, expected, bits)
    model.save(tmp_path / "model.keras")
    weights = load_network(tmp_path / "model.keras")[0]
    np.testing.assert_array_equal(weights["bu"], np.zeros(UNITS))


@pytest.mark.parametrize("layer", CELLS)
def test_a_sigmoid_says_one_where_the_network_does(layer, layers):
    model = model_of(layers, layer, layers.Dense(1, "sigmoid", dtype="float64"))
    x = random_bits()
    # Some of both.
    model.layers[-1].bias.assign_sub([np.median(Adder.from_weights(model).predict(x)) - 0.5])
    shares = np.asarray(model(x))

    logits = Adder.from_weights(model).predict(x) - 0.5

    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), shares, rtol=0, atol=1e-12)
    assert {*np.unique(shares > 0.5)} == {False, True}


def test_float32_stays_float32(layers):
    weights = from_keras(model_of(layers, "GRU", dtype="float32"))

    assert {weight.dtype for weight in weights.values()} == {np.dtype("float32")}


@pytest.mark.quick
@pytest.mark.parametrize("name", PYTORCH)
def test_a_pytorch_layer_computes_the_same_here(name, tmp_path):
    with np.load(GOLDEN / "pytorch" / name) as recorded:
        arrays = {**recorded}
    x, y = arrays.pop("x"), arrays.pop("y")

    assert_same_outputs(arrays, y, x)
    # Whatever the layers are called, and wherever the threshold is.
    renamed = {name.replace("rnn.", "").replace("linear", "a.b"): a for name, a in arrays.items()}
    np.savez(tmp_path / "adder.npz", threshold=0.0, **renamed)
    found, resolution = load_network(tmp_path / "adder.npz")
    assert resolution is None
    assert_same_outputs(found, y + 0.5, x)
    for name, weight in from_torch(arrays, threshold=0).items():
        np.testing.assert_array_equal(weight, found[name])


@pytest.mark.parametrize("name", TRAINED)
def test_a_network_that_learnt_to_add_elsewhere_is_proved(name, figure):
    weights, _ = load_network(GOLDEN / "trained" / name)

    proof = prove(weights)

    assert (proof.verdict, weights["W_output"].dtype) == ("proved", np.float32)
    verify(proof.certificate, weights)
    balls = len(proof.certificate["states"])
    figure(f"{name}: {cell_of(weights)}, {len(weights['W_output'])} units, {balls} balls")


@pytest.mark.parametrize("name", ["keras-GRU.keras", "pytorch-GRU.npz"])
def test_with_another_convention_it_is_another_network(name):
    """What was proved is so of the network as it is read, and not of one that is read wrongly."""
    weights, _ = load_network(GOLDEN / "trained" / name)
    certificate = prove(weights).certificate
    kept = weights | {f"{kind}z": -weights[f"{kind}z"] for kind in "WUb"}
    before = {name: weight for name, weight in weights.items() if name != "bu"}
    before["bh"] = weights["bh"] + weights["bu"]
    swapped = {f"{k}{a}": weights[f"{k}{b}"] for k in "WUb" for a, b in ("rz", "zr")}

    for wrong in kept, before, weights | swapped:
        assert prove(wrong).verdict == "refuted"
    with pytest.raises(RefusedError, match="the step from"):
        verify(certificate | kept, kept)


def refused_models(layers):
    """Models that are not what can be read, and what is said of each, and of its file."""
    import keras

    def sequential(*parts, channels=2):
        return keras.Sequential([keras.Input((None, channels)), *parts])

    def functional(build):
        x = keras.Input((None, 2))
        return keras.Model(x, build(x))

    gru = {"units": UNITS, "return_sequences": True}
    yield (
        "not Bidirectional, Dense|not Bidirectional$",
        sequential(layers.Bidirectional(layers.GRU(**gru)), layers.Dense(1)),
    )
    yield (
        "not LSTM, LSTM, Dense",
        sequential(layers.LSTM(**gru), layers.LSTM(**gru), layers.Dense(1)),
    )
    yield (
        "not RNN, Dense|not GRUCell, GRUCell, StackedRNNCells, RNN$",
        sequential(
            layers.RNN([layers.GRUCell(5), layers.GRUCell(5)], return_sequences=True),
            layers.Dense(1),
        ),
    )
    yield (
        "not Masking, GRU, Dense|not Masking$",
        sequential(layers.Masking(), layers.GRU(**gru), layers.Dense(1)),
    )
    yield "not GRU$", sequential(layers.GRU(**gru))
    yield (
        "not GRU, LayerNormalization, Dense|not LayerNormalization$",
        sequential(layers.GRU(**gru), layers.LayerNormalization(), layers.Dense(1)),
    )
    yield (
        "not Flip, GRU, Dense|not Flip$",
        functional(lambda x: layers.Dense(1)(layers.GRU(**gru)(keras.ops.flip(x, axis=1)))),
    )
    for setting, value in {
        "go_backwards": True, "activation": "relu", "recurrent_activation": "hard_sigmoid",
        "dtype": "mixed_float16",
    }.items():  # fmt: skip
        model = sequential(layers.GRU(**gru | {setting: value}), layers.Dense(1))
        yield f"{setting} of GRU must be .*, not '{value}'|{setting} of GRU .* not {value}", model
    # It would be given what is rounded to float32.
    yield (
        "dtype of TimeDistributed must be float64, not 'float32'",
        sequential(
            layers.GRU(**gru, dtype="float64"),
            layers.TimeDistributed(layers.Dense(1, dtype="float64")),
        ),
    )
    yield (
        "return_sequences of GRU must be True, not False",
        sequential(layers.GRU(UNITS), layers.Dense(1)),
    )
    yield "units of Dense must be 1, not 2", sequential(layers.GRU(**gru), layers.Dense(2))
    yield (
        "activation of Dense must be linear or sigmoid, not 'tanh'",
        sequential(layers.GRU(**gru), layers.Dense(1, "tanh")),
    )
    x, gate = keras.Input((None, 2)), keras.Input((None, 1))
    y = layers.Dense(1)(layers.GRU(**gru)(x))
    yield "with one input, not 2", keras.Model([x, gate], y)
    yield (
        "two bits in each column, not 3",
        sequential(layers.GRU(**gru), layers.Dense(1), channels=3),
    )


def test_other_keras_models_are_refused_by_name(layers, tmp_path):
    for words, model in refused_models(layers):
        with pytest.raises(ValueError, match=words):
            from_keras(model)
        model.save(tmp_path / "model.keras")
        with pytest.raises(DamagedError, match=rf"model\.keras holds another model: .*({words})"):
            load_network(tmp_path / "model.keras")


def test_a_model_that_does_more_than_its_layers_is_refused(layers):
    """Nothing in the names and settings of its layers gives it away."""
    import keras

    def tanh(x):
        return keras.ops.tanh(2 * x)

    class Model(keras.Sequential):
        def call(self, x, **options):
            return super().call(x[..., ::-1], **options)

    with pytest.raises(ValueError, match="answers otherwise than its layers"):
        from_keras(model_of(layers, "SimpleRNN", activation=tanh))
    model = Model(model_of(layers, "GRU").layers)
    with pytest.raises(ValueError, match="answers otherwise than its layers"):
        from_keras(model)


def recorded(name):
    with np.load(GOLDEN / "pytorch" / name) as arrays:
        return {name: array for name, array in arrays.items() if name not in "xy"}


def refused_state_dicts():
    """Arrays that PyTorch's other layers have, and what is said of each."""
    gru, lstm = recorded("GRU.npz"), recorded("LSTM.npz")
    square = np.zeros((UNITS, UNITS))
    yield "must not be bidirectional", gru | {"rnn.weight_hh_l0_reverse": square}
    yield "must not be stacked", gru | {"rnn.weight_ih_l1": square}
    yield "must not be projected", lstm | {"rnn.weight_hr_l0": square}
    yield "no more layers, not norm.weight", gru | {"norm.weight": square[0]}
    yield "one weight_ih_l0, not rnn.weight_ih_l0, b.weight_ih_l0", gru | {"b.weight_ih_l0": square}
    yield "two bits in each column, not 3", gru | {"rnn.weight_ih_l0": np.zeros((15, 3))}
    yield "nn.RNN, nn.GRU or nn.LSTM", gru | {"rnn.weight_hh_l0": np.zeros((10, 5))}
    yield r"read-out nn.Linear\(5, 1\)$", gru | {"linear.weight": np.zeros((2, 5))}
    yield (
        "must all be float32 or float64, not float16",
        {name: array.astype(np.float16) for name, array in gru.items()},
    )
    yield "threshold must be a number", gru | {"threshold": np.array(np.nan)}
    yield "finite real numbers", gru | {"rnn.bias_hh_l0": np.full(15, np.nan)}
    del gru["rnn.weight_hh_l0"]
    yield "rnn.weight_hh_l0 must be", gru
    yield r"one weight_ih_l0, not \['weight'\]", {"weight": square}


@pytest.mark.quick
def test_other_state_dicts_are_refused_by_name(tmp_path):
    for words, arrays in refused_state_dicts():
        np.savez(tmp_path / "adder.npz", **arrays)
        with pytest.raises(DamagedError, match=rf"adder\.npz holds another model: .*{words}"):
            load_network(tmp_path / "adder.npz")
    np.savez_compressed(tmp_path / "adder.npz", **{"rnn.weight_ih_l0": np.zeros((100, 2))})
    with pytest.raises(DamagedError, match="its arrays are compressed"):
        load_network(tmp_path / "adder.npz")


def altered(path, change):
    """A `.keras` file whose configuration is changed by a function of its text."""
    content = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, change(data.decode()) if name == "config.json" else data)
    return content.getvalue()


def test_a_damaged_or_hostile_keras_file_is_refused_before_keras_makes_anything_of_it(tmp_path):
    good = GOLDEN / "trained" / "keras-GRU.keras"
    path, proof = tmp_path / "model.keras", tmp_path / "was run"
    call = {"module": "os", "class_name": "function", "config": "mkdir", "registered_name": "mkdir"}
    # Keras 3.8 calls such a function with these arguments.
    node = {"name": "f", "inbound_nodes": [{"args": [str(proof)], "kwargs": {}}]}
    model = {"class_name": "Functional", "module": "keras.src.models.functional"}
    model["config"] = {"name": "m", "layers": [call | node]}
    optimizer = {"class_name": "SGD", "module": "keras.optimizers", "config": {}}
    layer = {"class_name": "Dense", "module": "keras.layers", "config": {"units": 1}}
    contents = {
        "holds another model: .*not function": altered(
            good, lambda t: t.replace('"activation": "tanh"', f'"activation": {json.dumps(call)}')
        ),
        "holds another model: .*, not function": altered(good, lambda _: json.dumps(model)),
        "holds another model: .*not Lambda": altered(
            good, lambda t: t.replace('"GRU"', '"Lambda"')
        ),
        r"holds another model: .*not .*x1b\[31mRU": altered(
            good, lambda t: t.replace('"GRU"', '"G\\u001b[31mRU"')
        ),
        "holds another model: .*, not SGD": altered(good, lambda _: json.dumps(optimizer)),
        "holds another model: .*, not Dense": altered(good, lambda _: json.dumps(layer)),
        "is damaged": b"no zip",
        "is  ?damaged": altered(good, lambda _: "[" * 100_000),
        "is damaged: .": good.read_bytes()[:9000],
        "is damaged:.*": altered(good, lambda t: t.replace('"units": 12', '"units": 7')),
    }
    for words, content in contents.items():
        path.write_bytes(content)
        with pytest.raises(DamagedError, match=rf"model\.keras {words}") as refused:
            load_network(path)
        assert str(refused.value).isprintable()
    assert not proof.exists()
    with pytest.raises(FileNotFoundError):
        load_network(tmp_path / "none.keras")


@pytest.mark.parametrize("name", ["keras-LSTM.keras", "pytorch-RNN.npz"])
def test_the_commands_take_it_and_print_only_our_words(name, tmp_path):
    path = str(GOLDEN / "trained" / name)

    # Here, Keras is imported for it.
    added = run_from_scratch("-m", "gru_addition", "add", "1024", "16", "--from", path)
    proved = run_module("gru_addition", "prove", "--from", path, "--output-dir", str(tmp_path))
    certificate = str(tmp_path / "certificate.npz")
    verified = run_module("gru_addition", "verify", certificate, "--from", path)
    shown = run_module("gru_addition", "show", "--from", path, "--output", f"{tmp_path}/page.html")

    for ended in added, proved, verified, shown:
        assert (ended.returncode, ended.stderr) == (0, "")
    assert added.stdout == "1040\n"
    assert proved.stdout.startswith(f"proved: the network of {path} adds every pair correctly")
    assert (tmp_path / "page.html").stat().st_size > 50_000


def test_the_commands_refuse_what_can_not_be_read_in_one_line(layers, tmp_path):
    model_of(layers, layers.Bidirectional(layers.GRU(3, return_sequences=True))).save(
        tmp_path / "both.keras"
    )
    np.savez(tmp_path / "both.npz", **recorded("GRU.npz"), **{"rnn.weight_ih_l0_reverse": [[0.0]]})

    for name, word in {"both.keras": "Bidirectional", "both.npz": "bidirectional"}.items():
        ended = run_module("gru_addition", "prove", "--from", str(tmp_path / name))
        assert (ended.returncode, ended.stdout) == (2, "")
        assert word in ended.stderr
        assert ended.stderr.count("\n") == 1
