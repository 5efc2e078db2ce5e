"""What the notebooks use to show the package's own code beside the text."""

import ast
import inspect
import textwrap

from IPython.display import Markdown

from gru_addition.support.checks import brief


def show_code(function, beginning=None):
    """Return the source of a function or a class, to be shown in a notebook.

    beginning: show only the first statement that begins so, with the comment above it. Raises
        `ValueError` if there is none.
    """
    source = textwrap.dedent(inspect.getsource(function))
    if beginning is not None:
        source = _statement(source, beginning)
    # nbconvert's page gives Markdown from code no fixed-width font of its own.
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
    raise ValueError(f"beginning must be that of a statement, not {brief(beginning)}")
