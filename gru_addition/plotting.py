"""The loss curves, as a picture and as a live plot.

Everything here takes arrays, and knows nothing of TensorFlow.
"""

import sys
import warnings
from pathlib import Path

from gru_addition.support.checks import brief, whole_number
from gru_addition.support.files import replace_file
from gru_addition.support.pictures import as_png, new_figure

WIDTH, HEIGHT, DOTS_PER_INCH = 7, 4, 144


def loss_figure(train_losses, validation_losses, logarithmic=False, iterations=None):
    """Draw the tutorial's figure: the losses over the iterations, train in blue, test in red.

    train_losses, validation_losses: one number per iteration.
    logarithmic: whether the axis of the losses is logarithmic.
    iterations: how many the axis has room for, by default those already done.
    """
    figure = new_figure(WIDTH, HEIGHT, DOTS_PER_INCH)
    axes = figure.add_subplot(xlabel="Iteration", ylabel="Loss (half the squared error of a sum)")
    axes.plot(train_losses, "-b", label="Train loss")
    axes.plot(validation_losses, "-r", label="Test loss", alpha=0.7)
    if logarithmic:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.set_xlim(0, iterations or len(train_losses))
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


class LossPlot:
    """A progress callback that shows the losses while the model trains.

    In a notebook it redraws one figure per run in place, every `every` iterations, and leaves it:

        train(on_progress=LossPlot())

    Elsewhere it saves the finished figure as `path`, in PNG format. Raises `ValueError` if the
    directory of `path` does not exist, or if `every` is less than 1.
    """

    def __init__(self, path="losses.png", every=50, logarithmic=False):
        self.path = Path(path)
        if not self.path.parent.is_dir():
            raise ValueError(f"path must be in a directory that exists, not {brief(str(path))}")
        self.every = whole_number("every", every, minimum=1)
        self.logarithmic = logarithmic
        self._history = None

    def __call__(self, history):
        if history is not self._history:
            self._history, self._next, self._display = history, 0, None
        is_live = _in_notebook()
        if history.is_complete or (is_live and len(history) >= self._next):
            self._next = len(history) + self.every
            losses = history.train_losses, history.validation_losses
            png = as_png(loss_figure, *losses, self.logarithmic, history.iterations)
            # Whatever fails, the run itself must not be lost.
            if png is not None and is_live:
                self._show(png)
            elif png is not None:
                try:
                    replace_file(self.path, png)
                except OSError as error:
                    warnings.warn(f"{error}", stacklevel=2)

    def _show(self, png):
        from IPython.display import Image, display

        # Replacing the image with one of the same size keeps the page from jumping.
        text = "The losses on the training and test sums, by iteration"
        image = Image(png, width=WIDTH * 100, height=HEIGHT * 100, alt=text)
        if self._display is None:
            self._display = display(image, display_id=True)
        else:
            self._display.update(image)


def _in_notebook():
    """Whether pictures can be shown: IPython is running, in a kernel rather than a terminal."""
    # If nothing has imported IPython, it is not running.
    ipython = sys.modules.get("IPython")
    return ipython is not None and getattr(ipython.get_ipython(), "kernel", None) is not None
