"""Run modules and code in processes forked from one that has imported TensorFlow.

The import takes most of the time of a short command. Tests of what a process meets before or during
that import start their own.
"""

import atexit
import gc
import json
import os
import runpy
import subprocess
import sys
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path

LIBRARIES = "tensorflow.compat.v1", "matplotlib.backends.backend_agg", "scipy.linalg", "tqdm"


def run(arguments, variables, cwd=".", input="", first=""):
    """Run `python -m MODULE ...` or `python -c CODE ...`; return the `CompletedProcess`.

    arguments: such as `["-m", "gru_addition", "add", "1", "2"]`.
    variables: the environment.
    first: code to execute beforehand, for example to limit the process or redirect its streams.
    """
    with tempfile.TemporaryDirectory() as directory:
        files = [Path(directory, name) for name in ("stdin", "stdout", "stderr")]
        for file, text in zip(files, (input, "", ""), strict=True):
            file.write_text(text)
        request = [list(arguments), dict(variables), os.path.abspath(cwd), files, first]
        print(json.dumps(request, default=str), file=_server().stdin, flush=True)
        status = int(_server().stdout.readline())
        return subprocess.CompletedProcess(
            arguments, status, *(file.read_text() for file in files[1:])
        )


@cache
def _server():
    """The process that forks."""
    server = subprocess.Popen(
        [sys.executable, __file__],
        # The commands themselves silence TensorFlow when they import it.
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(server.communicate)
    return server


def _next_request():
    """In a new process for each request, return it; in this one, report how each ended."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            return json.loads(line)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
    sys.exit()


def main():
    for library in LIBRARIES:
        import_module(library)
    # Without this, collecting garbage at its end makes a process copy all that was imported.
    gc.freeze()
    (option, program, *arguments), variables, cwd, files, first = _next_request()

    for number, file in enumerate(files):
        with open(file, "w" if number else "r") as stream:
            os.dup2(stream.fileno(), number)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(cwd)
    sys.path[:1] = ["", *variables.get("PYTHONPATH", "").split(os.pathsep)]
    sys.argv = [option, *arguments]
    exec(first, {"os": os})
    if option == "-c":
        exec(compile(program, "<string>", "exec"), {"__name__": "__main__"})
    else:
        runpy.run_module(program, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
