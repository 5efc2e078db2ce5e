"""Figures that pyplot does not manage, and figures as the content of a file."""

import io
import warnings

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def new_figure(width, height, dots_per_inch):
    """An empty figure of that size in inches, made without pyplot.

    So no notebook shows it a second time, and no window opens.
    """
    figure = Figure(figsize=(width, height), dpi=dots_per_inch, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def as_png(draw, *arguments):
    """Return the figure that `draw(*arguments)` makes, in PNG format.

    Returns None, with a warning, if Matplotlib can't draw it with the user's settings.
    """
    png = io.BytesIO()
    try:
        draw(*arguments).savefig(png, format="png")
    except Exception as error:  # It raises many kinds.
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        warnings.warn(f"the figure can't be drawn: {reason}", stacklevel=2)
        return None
    return png.getvalue()
