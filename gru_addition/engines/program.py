"""What trains a network: the graph of a model and an engine, in an open session.

It is built and compiled once, and may then train several networks that differ only in their seed.
"""

from dataclasses import replace

from gru_addition.engines import choice, graphs
from gru_addition.support.tensorflow1 import tf
from gru_addition.variants import model_for


class Program:
    """Trains networks with the settings of a `Config`, or with another seed or `iterations`.

    session: the open session.
    saver: a `tf.train.Saver` of its variables.
    computed_by: what its last digits depend on, in words.
    """

    def __init__(self, config):
        self._config = config
        self._is_used = False
        engine = choice.choose_engine(config.engine)
        graph, built = graphs.build_graph(_build, config, engine)
        self._model, self._initializer, self._run_iterations, self.saver = built
        # XLA rewrites the graphs of the other engines.
        self.session = graphs.open_session(graph, rewritten=engine == "session")
        self.computed_by = choice.computed_by(engine)

    def initialise(self, seed, initial_weights=None):
        """Set all variables to their first values, with the weights that a seed draws or others."""
        # The graph draws only its own seed's weights, and others each time it is run.
        is_drawn_by_graph = seed == self._config.seed and not self._is_used
        self._is_used = True
        if initial_weights is None and not is_drawn_by_graph:
            initial_weights = _drawn_weights(replace(self._config, seed=seed))
        with self.session.graph.as_default():
            feed = {} if initial_weights is None else self._model.initial_values(initial_weights)
        self.session.run(self._initializer, feed)

    def run_iterations(self, batches, validation_set):
        """Train on these batches and yield losses; see `gru_addition.engines.session`."""
        return self._run_iterations(self.session, batches, validation_set)

    def weights(self):
        """The weights as they are now, arrays by the tutorial's names."""
        return self.session.run(self._model.weights)

    def close(self):
        """Close the session."""
        self.session.close()


def _build(config, engine):
    # The other engines make a training step of their own.
    model = model_for(config, with_train_step=engine == "session")
    run_iterations = choice.ENGINES[engine](model, config)
    saver = tf.train.Saver(max_to_keep=None)
    return model, tf.global_variables_initializer(), run_iterations, saver


def _drawn_weights(config):
    """The weights that the seed of a `Config` draws, arrays by the tutorial's names."""

    def build():
        weights = model_for(config, with_train_step=False).weights
        return weights, tf.global_variables_initializer()

    graph, (weights, initializer) = graphs.build_graph(build)
    with graphs.open_session(graph) as session:
        session.run(initializer)
        return session.run(weights)
