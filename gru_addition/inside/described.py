"""A figure for a notebook: all as wide as each other, with words for readers who can't see it.

    described(figure, "The loss falls from 1.1 to 0.003")

as the last line of a cell shows the figure. The words become the picture's alternative text, which
screen readers read out. It is stored with the output; nbconvert's pages have it, but JupyterLab 4
does not use it yet.
"""

import io

from IPython.display import Image
from matplotlib import pyplot

# On the screen. The picture has twice as many pixels, for sharp screens.
WIDTH = 800


def described(figure, description):
    """Return a Matplotlib figure as an image of 800 pixels' width, with alternative text.

    pyplot forgets the figure, so that a notebook does not show it twice.
    """
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=2 * WIDTH / figure.get_figwidth())
    pyplot.close(figure)
    return Image(png.getvalue(), width=WIDTH, alt=description)
