"""The loss curves: what is drawn, where it goes, and how it behaves in a notebook's kernel."""

import matplotlib
import pytest
from common import ROOT
from jupyter_client.manager import start_new_kernel

from gru_addition.plotting import LossPlot, loss_figure
from gru_addition.train import Config, train


@pytest.mark.parametrize("logarithmic", [False, True])
def test_the_figure_shows_train_loss_in_blue_and_test_loss_in_red(logarithmic):
    (axes,) = loss_figure([3.0, 2.0, 1.0], [4.0, 3.0, 2.0], logarithmic).axes

    train_curve, test_curve = axes.lines
    assert train_curve.get_ydata().tolist() == [3, 2, 1]
    assert test_curve.get_ydata().tolist() == [4, 3, 2]
    assert (train_curve.get_color(), test_curve.get_color()) == ("b", "r")
    assert [text.get_text() for text in axes.get_legend().texts] == ["Train loss", "Test loss"]
    assert axes.get_xlabel() == "Iteration"
    assert axes.get_ylabel().startswith("Loss")
    assert axes.get_yscale() == ("log" if logarithmic else "linear")


def test_the_axis_leaves_room_for_the_iterations_to_come():
    assert loss_figure([3, 2, 1], [4, 3, 2]).axes[0].get_xlim() == (0, 3)
    assert loss_figure([3, 2, 1], [4, 3, 2], iterations=50).axes[0].get_xlim() == (0, 50)


def test_outside_a_notebook_the_finished_figure_of_training_is_saved(tmp_path):
    path = tmp_path / "curves.png"
    plot, was_there = LossPlot(path), []

    def report(history):
        plot(history)
        was_there.append(path.exists())

    train(Config(iterations=2, engine="session"), on_progress=report)

    assert was_there == [False, True]
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("settings", "message"),
    [({}, "taken can't be saved: "), ({"text.usetex": True}, "the figure can't be drawn: .*latex")],
)
def test_a_figure_that_cannot_be_made_does_not_cost_the_run(
    settings, message, tmp_path, monkeypatch
):
    (tmp_path / "taken").mkdir()
    monkeypatch.setenv("PATH", "")

    with pytest.warns(UserWarning, match=message), matplotlib.rc_context(settings):
        run = train(
            Config(iterations=2, engine="session"), on_progress=LossPlot(tmp_path / "taken")
        )

    assert run.history.is_complete


def test_a_bad_path_is_named_before_training():
    with pytest.raises(ValueError, match=r"path must be in a directory that exists, not 'nowhere"):
        LossPlot("nowhere/losses.png")


# Two runs, reported as the session engine and the compiled engine report them.
IN_A_NOTEBOOK = """
from gru_addition.runs.history import History
from gru_addition.plotting import LossPlot
plot = LossPlot()
for reported in [1] * 120, [50, 50, 20]:
    history = History(120)
    for number in reported:
        history.extend([number] * number, [len(history)] * number)
        plot(history)
"""


def test_in_a_notebook_one_figure_for_each_run_is_redrawn_in_place():
    manager, client = start_new_kernel(cwd=ROOT)
    try:
        messages = []
        reply = client.execute_interactive(IN_A_NOTEBOOK, timeout=120, output_hook=messages.append)
        assert reply["content"]["status"] == "ok", reply["content"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)

    pictures = [m for m in messages if m["msg_type"] not in ("status", "execute_input")]
    # The session engine's iterations 0, 50 and 100, and the end: one output that is replaced three
    # times. Nothing else is shown; clearing the output is what would make a page flicker.
    for run, redraws in (pictures[:4], 3), (pictures[4:], 2):
        kinds = [message["msg_type"] for message in run]
        assert kinds == ["display_data"] + ["update_display_data"] * redraws
        assert len({message["content"]["transient"]["display_id"] for message in run}) == 1
        assert len({message["content"]["data"]["image/png"] for message in run}) == redraws + 1
    sizes = [message["content"]["metadata"]["image/png"] for message in pictures]
    words = "The losses on the training and test sums, by iteration"
    assert sizes == [{"width": 700, "height": 400, "alt": words}] * 7
