"""Execute the notebooks from top to bottom in fresh kernels, and save them with their outputs.

    python notebooks/execute.py                        all of them, as `make notebooks` does
    python notebooks/execute.py 01_walkthrough.ipynb   one

Execution times, Python's version and the like, which differ even if nothing has changed, are not
saved. (What a cell tagged "timed" prints may differ.) The picture of the cell tagged "picture" is
also saved in `docs`, to be shown above it. A notebook that fails is not saved.
"""

import base64
import copy
import os
import sys
import time
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from gru_addition.support.files import replace_file

DIRECTORY = Path(__file__).parent
PICTURES = DIRECTORY.parent / "docs"
NOTEBOOKS = sorted(path.name for path in DIRECTORY.glob("[0-9]*.ipynb"))
SECONDS_PER_CELL = 300
FAILURES = CellExecutionError, CellTimeoutError, DeadKernelError
PARAMETERS, PICTURE = "parameters", "picture"
PNG = "image/png"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def execute(name, parameters=None, more_cells=()):
    """Return a notebook with the outputs of a run from top to bottom in a fresh kernel.

    name: a file in this directory.
    parameters: values by name, to use instead of those in the cell tagged "parameters".
    more_cells: code to execute after the last cell, in cells of its own.

    Raises one of `FAILURES` if a cell fails or takes too long, or if the kernel dies, and
    `ValueError` for a parameter that the notebook does not have.
    """
    notebook = nbformat.read(DIRECTORY / name, as_version=4)
    for parameter, value in (parameters or {}).items():
        cell = _tagged(notebook, PARAMETERS)
        if f"\n{parameter} = " not in f"\n{cell.source}":
            raise ValueError(f"{name} has no parameter {parameter!r}")
        cell.source += f"\n{parameter} = {value!r}"
    notebook.cells += [nbformat.v4.new_code_cell(code) for code in more_cells]
    # Without directories it starts this Python, whatever other kernels are installed.
    kernel = AsyncKernelManager(
        kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[])
    )
    client = NotebookClient(
        notebook,
        km=kernel,
        timeout=SECONDS_PER_CELL,
        resources={"metadata": {"path": DIRECTORY}},
        record_timing=False,
        # Output comes in pieces, however the kernel happens to cut it.
        coalesce_streams=True,
    )
    # A warning about the debugger is not the notebook's. Under pytest a kernel would not show
    # what TensorFlow writes past Python's standard error.
    environment = os.environ | {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    environment.pop("PYTEST_CURRENT_TEST", None)
    with client.setup_kernel(env=environment, cleanup_kc=True):
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
    return notebook


def as_saved(notebook):
    """Return a copy of an executed notebook without what differs from run to run."""
    notebook = copy.deepcopy(notebook)
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        # JupyterLab may have recorded times here.
        cell.metadata.pop("execution", None)
    return notebook


def picture_of(notebook):
    """Return the picture of the cell tagged "picture", as the content of a PNG file."""
    (png,) = (o.data[PNG] for o in _tagged(notebook, PICTURE).outputs if PNG in o.get("data", {}))
    return base64.b64decode(png)


def _tagged(notebook, tag):
    """The only cell with this tag."""
    (cell,) = (cell for cell in notebook.cells if tag in cell.metadata.get("tags", []))
    return cell


def main(names):
    for name in [Path(name).name for name in names] or NOTEBOOKS:
        started = time.perf_counter()
        try:
            executed = execute(name)
        except FAILURES as error:
            print(f"{name} fails, and is left as it was:\n{error}", file=sys.stderr)
            return 1
        replace_file(DIRECTORY / name, nbformat.writes(as_saved(executed)).encode())
        if any(PICTURE in cell.metadata.get("tags", []) for cell in executed.cells):
            replace_file((PICTURES / name).with_suffix(".png"), picture_of(executed))
        print(f"{name}: executed and saved in {time.perf_counter() - started:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
