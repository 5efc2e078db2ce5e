"""Show the package's own code beside the text of a notebook."""

import ast
import inspect
import textwrap

from IPython.display import Markdown

from gru_addition.support.checks import brief


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
