"""What the notebooks show: the package's own code, and figures with words for those who can't see.

    show_code(GRU.forward_pass, "h_proposal =")
    described(figure, "The loss falls from 1.1 to 0.003")

as the last line of a cell.
"""

import ast
import inspect
import io
import textwrap

from IPython.display import Image, Markdown
from matplotlib import pyplot

from gru_addition.support.checks import brief

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


def show_code(function, beginning=None):
    """Return the source of a function or class, for display in a notebook.

    beginning: show only the first statement with this beginning, and the comment above it. Raises
        `ValueError` if there is none.
    """
    source = textwrap.dedent(inspect.getsource(function))
    if beginning is not None:
        source = _statement(source, beginning)
    # nbconvert's page does not set code in Markdown output in a fixed-width font.
    fixed_width = '<div style="font-family: monospace">'
    return Markdown(f"{fixed_width}\n\n```python\n{source.rstrip()}\n```\n\n</div>")


def _statement(source, beginning):
    lines = source.splitlines()
    statements = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)]
    for node in sorted(statements, key=lambda node: node.lineno):
        first = node.lineno - 1
        if lines[first].strip().startswith(beginning):
            while first > 0 and lines[first - 1].strip().startswith("#"):
                first -= 1
            return textwrap.dedent("\n".join(lines[first : node.end_lineno]))
    raise ValueError(f"beginning must be the start of a statement, not {brief(beginning)}")
