"""The models that are made of cells: what a `Config` or trained weights ask for."""

from functools import partial

from gru_addition.cells.noisy import noisy
from gru_addition.cells.penalty import PenalisedModel
from gru_addition.cells.rounded import rounded
from gru_addition.cells.shrunk import shrunk
from gru_addition.cells.weights import CELLS, cell_of, kind_named
from gru_addition.model import AdditionModel


def model_for(config, with_train_step=True):
    """The model that a `Config` asks for, built in the current graph.

    with_train_step: whether it gets the tutorial's training step.
    """
    layer, model, options = kind_named(config.cell).layer, AdditionModel, {}
    if config.has_noise:
        layer = partial(noisy(layer), state_noise=config.state_noise)
    if config.jacobian_penalty:
        model, options = PenalisedModel, {"jacobian_penalty": config.jacobian_penalty}
    if config.weight_decay or config.spectral_norm:
        model = shrunk(model)
        options["shrink"] = config.learning_rate * config.weight_decay
        options["spectral_norm"] = config.spectral_norm
    rate = config.learning_rate if with_train_step else None
    return model(config.hidden_size, rate, config.dtype, config.seed, cell=layer, **options)


def trained_model(weights, resolution=None):
    """A model for trained weights, rounded to multiples of 1 / resolution unless that is None.

    Returns what `AdditionModel.for_weights` does, and raises its errors.
    """
    layer = CELLS[cell_of(weights)].layer
    if resolution is not None:
        layer = partial(rounded(layer), resolution=resolution)
    return AdditionModel.for_weights(weights, layer)
