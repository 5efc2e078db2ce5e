"""Figures with words for those who can't see. As the last line of a notebook's cell:

    described(figure, "The loss falls from 1.1 to 0.003")

shows one.
"""

import io

from IPython.display import Image
from matplotlib import pyplot

# On the screen. The picture has twice as many pixels, for sharp screens.
WIDTH = 800


def described(figure, description):
    """Return a Matplotlib figure as an image of 800 pixels' width, with alternative text.

    Screen readers read the text out. It is stored with the output; nbconvert's template "classic"
    uses it, but its default and JupyterLab 4 do not. pyplot forgets the figure, so no notebook
    shows it twice.
    """
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=2 * WIDTH / figure.get_figwidth())
    pyplot.close(figure)
    return Image(png.getvalue(), width=WIDTH, alt=description)
