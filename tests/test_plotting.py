"""The loss curves: what is drawn, where it goes, and how it behaves in a notebook's kernel."""

import numpy as np
import pytest
from conftest import ROOT
from jupyter_client.manager import start_new_kernel

from gru_addition.plotting import LossPlot, loss_figure
from gru_addition.train import Config, History, train


def history_of(*losses, iterations):
    history = History(iterations)
    for train_loss, validation_loss in losses:
        history.extend([train_loss], [validation_loss])
    return history


@pytest.mark.parametrize("logarithmic", [False, True])
def test_the_figure_shows_the_losses_as_the_tutorial_does(logarithmic):
    (axes,) = loss_figure([3.0, 2.0, 1.0], [4.0, 3.0, 2.0], logarithmic).axes

    train_curve, test_curve = axes.lines
    assert train_curve.get_ydata().tolist() == [3, 2, 1]
    assert test_curve.get_ydata().tolist() == [4, 3, 2]
    assert (train_curve.get_color(), test_curve.get_color()) == ("b", "r")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "Train loss",
        "Test loss",
    ]
    assert axes.get_xlabel() == "Iteration"
    assert axes.get_ylabel().startswith("Loss")
    assert axes.get_yscale() == ("log" if logarithmic else "linear")


def test_the_axis_leaves_room_for_the_iterations_to_come():
    assert loss_figure([3, 2, 1], [4, 3, 2]).axes[0].get_xlim() == (0, 3)
    assert loss_figure([3, 2, 1], [4, 3, 2], iterations=50).axes[0].get_xlim() == (0, 50)


def test_outside_a_notebook_the_finished_figure_is_saved_once(tmp_path):
    path = tmp_path / "curves.png"
    plot = LossPlot(path)

    plot(history_of((2.0, 3.0), iterations=2))
    assert not path.exists()
    plot(history_of((2.0, 3.0), (1.0, 2.0), iterations=2))
    assert path.read_bytes().startswith(b"\x89PNG")


def test_it_is_a_progress_callback(tmp_path):
    train(Config(iterations=2), on_progress=LossPlot(tmp_path / "losses.png"))

    assert (tmp_path / "losses.png").exists()


IN_A_NOTEBOOK = """
from gru_addition.plotting import LossPlot
from gru_addition.train import Config, train
run = train(Config(iterations=120), on_progress=LossPlot())
"""


@pytest.fixture(scope="module")
def messages():
    """What a kernel tells a notebook while the cell above runs."""
    manager, client = start_new_kernel(cwd=ROOT)
    try:
        messages = []
        reply = client.execute_interactive(IN_A_NOTEBOOK, timeout=120, output_hook=messages.append)
        assert reply["content"]["status"] == "ok", reply["content"]
        return [message for message in messages if message["msg_type"] != "status"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_in_a_notebook_one_figure_is_redrawn_in_place(messages):
    pictures = [message for message in messages if "display_data" in message["msg_type"]]

    # Iterations 0, 50 and 100, and the end: one output that is replaced three times.
    assert [message["msg_type"] for message in pictures] == [
        "display_data", "update_display_data", "update_display_data", "update_display_data"
    ]  # fmt: skip
    assert len({message["content"]["transient"]["display_id"] for message in pictures}) == 1
    assert len({message["content"]["data"]["image/png"] for message in pictures}) == 4
    sizes = [message["content"]["metadata"]["image/png"] for message in pictures]
    assert sizes == [{"width": 700, "height": 400}] * 4


def test_in_a_notebook_nothing_else_is_shown(messages):
    """Clearing the output is what makes a page flicker, and TensorFlow has nothing to say."""
    kinds = {message["msg_type"] for message in messages}

    assert kinds == {"execute_input", "display_data", "update_display_data"}


def test_losses_of_a_history_are_float64():
    history = history_of((np.float32(0.1), np.float32(0.2)), iterations=1)

    assert history.train_losses.dtype == history.validation_losses.dtype == np.float64
