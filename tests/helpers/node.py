"""The page's numbers, computed by Node."""

import json
import shutil
import subprocess

import pytest
from common import ROOT

MODULES = ROOT / "gru_addition" / "show"


def run_node(code, data=None):
    """Run JavaScript that sets `result`; return that.

    code: statements of a module; it imports ours as "./numbers/training.js" and so on.
    data: what it finds in `data`, for JSON.
    """
    if shutil.which("node") is None:
        pytest.skip("Node is not installed")
    before = 'import { readFileSync } from "node:fs";\nlet result;\n'
    before += "const data = JSON.parse(readFileSync(0));\n"
    code = f"{before}{code}\nconsole.log(JSON.stringify(result));"
    ended = subprocess.run(
        ["node", "--input-type=module", "--eval", code],
        input=json.dumps(data), cwd=MODULES, capture_output=True, text=True,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)
