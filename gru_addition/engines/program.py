"""What trains a network: the graph of a model and an engine, in an open session.

It is built and compiled once, and may then train several networks that differ only in their seed.
"""

import os
import warnings
from dataclasses import replace

from gru_addition.cells.models import model_for
from gru_addition.engines import compiled, graphs, session
from gru_addition.support import tf
from gru_addition.support.process import FLAGS, without_log

ENGINES = {"compiled": compiled, "session": session}


class Program:
    """Trains networks with the settings of a `Config`, or with another seed or `iterations`.

    computed_by: what its last digits depend on, in words.
    noise_channels: how many random numbers it is fed in each column, after the operands' bits.
    """

    def __init__(self, config):
        engine = config.engine
        if engine == "compiled" and not graphs.xla_is_available():
            engine = "session"
            warnings.warn(
                "XLA is not available, so the slower session engine is used; "
                "only the last digits differ",
                stacklevel=3,
            )
        self._config = config
        self._graph, built = graphs.build_graph(_build, config, engine)
        self._model, self._variables, self._initializer, self._run_iterations, self._saver = built
        # XLA rewrites the graphs of the other engine.
        self._session = graphs.open_session(self._graph, rewritten=engine == "session")
        gru = self._model.gru
        self.noise_channels = gru.input_channels - gru.input_dimensions
        flags = os.environ.get(FLAGS, "") if engine == "compiled" else ""
        self.computed_by = (
            f"TensorFlow {tf.__version__}, {engine} engine, revision {ENGINES[engine].REVISION}, "
            f"{FLAGS}={flags!r}"
        )

    def initialise(self, seed, weights=None):
        """Set all variables to their first values, with the weights that a seed draws or others."""
        if weights is None:
            # Its own graph draws the weights of one seed, and others each time it is run.
            weights = _drawn_weights(replace(self._config, seed=seed))
        with self._graph.as_default():
            feed = self._model.initial_values(weights)
        self._session.run(self._initializer, feed)

    def restore(self, variables):
        """Set all variables to these values, arrays by the variables' names.

        Raises `ValueError` if they are those of another model.
        """
        if differing := variables.keys() ^ self._variables.keys():
            raise ValueError(f"it holds another model, which differs in {min(differing)}")
        feed = {
            variable.initializer.inputs[1]: variables[name]
            for name, variable in self._variables.items()
        }
        self._session.run(self._initializer, feed)

    def run_iterations(self, batches, validation_set):
        """Train on these batches and yield losses; see `gru_addition.engines.session`."""
        return self._run_iterations(self._session, batches, validation_set)

    def variables(self):
        """All variables as they are now, Adam's included, arrays by the variables' names."""
        return self._session.run(self._variables)

    def weights(self):
        """The weights as they are now, arrays by the tutorial's names."""
        return self._session.run(self._model.weights)

    def save(self, prefix):
        """Save all variables as TensorFlow 1 does; raise its errors."""
        with self._graph.as_default(), without_log():
            self._saver.save(self._session, prefix, write_meta_graph=False)

    def close(self):
        """Close the session."""
        self._session.close()


def _build(config, engine):
    # The compiled engine makes a training step of its own.
    model = model_for(config, with_train_step=engine == "session")
    run_iterations = ENGINES[engine].run_iterations_of(model, config)
    variables = {variable.op.name: variable for variable in tf.global_variables()}
    initializer = tf.global_variables_initializer()
    # A run may be moved, and a program may train several: each keeps its checkpoint.
    saver = tf.train.Saver(variables, max_to_keep=None, save_relative_paths=True)
    return model, variables, initializer, run_iterations, saver


def _drawn_weights(config):
    """The weights that the seed of a `Config` draws, arrays by the tutorial's names."""

    def build():
        weights = model_for(config, with_train_step=False).weights
        return weights, tf.global_variables_initializer()

    graph, (weights, initializer) = graphs.build_graph(build)
    with graphs.open_session(graph) as session:
        session.run(initializer)
        return session.run(weights)
