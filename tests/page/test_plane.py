"""The plane in which a network's states are drawn is that of NumPy's singular values."""

import numpy as np
import numpy_gru
import pytest
from node import run_node

from gru_addition.inside.portraits import principal_plane
from gru_addition.show import page_data

PLANE = """
import { principalPlane } from "./numbers/plane.js";
result = principalPlane(data);
"""
FOLLOWED = """
import { FollowingPlane } from "./numbers/plane.js";
const plane = new FollowingPlane(data.all[0], data.carries);
result = data.all.map((states) => plane.follow(states));
"""
GAP = """
import { gapBetween } from "./numbers/plane.js";
result = gapBetween(data.states, data.carries);
"""
PLANES = """
import { planesOf } from "./numbers/plane.js";
result = planesOf(data);
"""


def drawn_states(units, number=200, seed=0):
    """Random states that differ most in a few directions."""
    random_state = np.random.RandomState(seed)
    mixing = random_state.normal(size=(units, units)) * 0.5 ** np.arange(units)[:, np.newaxis]
    return random_state.normal(size=(number, units)) @ mixing + random_state.normal(size=units)


@pytest.mark.parametrize("units", [2, 3, 16, 32])
def test_the_principal_plane_is_numpys(units):
    states = drawn_states(units)

    plane = run_node(PLANE, states.tolist())

    centre, directions = principal_plane(states)
    np.testing.assert_allclose(plane["centre"], centre, rtol=0, atol=1e-12)
    # A direction may point either way.
    overlap = np.abs(np.array(plane["directions"]) @ directions.T)
    np.testing.assert_allclose(overlap, np.eye(2), rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    "states", [np.zeros((5, 4)), np.ones((1, 4)), np.outer(range(9), [1, 2, 3, 4])]
)
def test_states_in_less_than_a_plane_get_one_too(states):
    plane = run_node(PLANE, states.tolist())
    directions = np.array(plane["directions"])
    np.testing.assert_allclose(directions @ directions.T, np.eye(2), rtol=0, atol=1e-9)


def test_a_plane_that_is_followed_turns_little_at_a_time_and_ends_up_at_numpys():
    first, last = drawn_states(16), drawn_states(16, seed=1)
    shares = np.append(np.linspace(0, 1, 200), np.ones(50))
    all_states = [((1 - share) * first + share * last).tolist() for share in shares]
    carries = (first[:, 0] > 0).astype(int).tolist()

    planes = run_node(FOLLOWED, {"all": all_states, "carries": carries})

    directions = np.array([plane["directions"] for plane in planes])
    turns = np.linalg.norm(np.diff(directions, axis=0), axis=2)
    # Of two pictures, one after the other, a quarter of a turn would be 1.4.
    assert turns.max() < 0.35
    _, expected = principal_plane(last)
    # The same plane, turned within itself.
    np.testing.assert_allclose(
        directions[-1].T @ directions[-1], expected.T @ expected, rtol=0, atol=1e-6
    )
    # Within the plane nothing turns that need not.
    still = np.linalg.norm(directions[-1] - directions[-10])
    assert still < 1e-6


def test_the_gap_is_the_nearest_distance_over_the_spread():
    states = drawn_states(16)
    carries = (states[:, 0] > states[:, 0].mean()).astype(int)

    gap = run_node(GAP, {"states": states.tolist(), "carries": carries.tolist()})

    without, having = states[carries == 0], states[carries == 1]
    distances = np.linalg.norm(without[:, np.newaxis] - having, axis=2)
    spread = np.sqrt(((states - states.mean(axis=0)) ** 2).sum(axis=1).mean())
    assert gap == pytest.approx(distances.min() / spread, rel=1e-12)


@pytest.mark.parametrize("units", [1, 2, 3, 5])
def test_a_networks_planes_are_described_as_in_python(units):
    network = page_data(numpy_gru.random_weights(units, np.random.RandomState(0), 1), "", "")

    planes = run_node(PLANES, network)

    assert [plane["names"] for plane in planes] == [
        [*plane["names"]] for plane in network["planes"]
    ]
    for plane, expected in zip(planes, network["planes"], strict=True):
        assert plane.keys() == expected.keys()
        assert np.shape(plane["directions"]) == np.shape(expected["directions"])
        assert len(plane["cloud"]) == len(expected["cloud"])
    if units <= 3:
        assert [plane["directions"] for plane in planes] == [
            plane["directions"] for plane in network["planes"]
        ]
