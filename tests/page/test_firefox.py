"""The three acts in Firefox, whose exponential function is another than Chromium's.

`make browser` runs this; it needs Firefox and Node on the machine.
"""

import json
import shutil
import subprocess

import numpy as np
import pytest
from common import GOLDEN, ROOT

FIREFOX = shutil.which("firefox") or shutil.which("firefox-esr")


@pytest.mark.browser
def test_the_acts_do_in_firefox_what_they_do_elsewhere():
    assert FIREFOX, "Firefox must be installed, and on the PATH"
    script, page = ROOT / "tests" / "page" / "firefox.mjs", ROOT / "docs" / "index.html"
    ended = subprocess.run(
        ["node", str(script), FIREFOX, page.as_uri()], capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout)

    assert said["errors"] == []
    with np.load(GOLDEN / "tf-1.3.0" / "seed-0.npz") as golden:
        losses = golden["train_losses"], golden["validation_losses"]
    line = "Iteration: {}, train loss: {:.4f}, test loss: {:.4f}"
    assert said["lines"].splitlines() == [
        line.format(i, *(loss[i] for loss in losses)) for i in range(0, 500, 50)
    ]
    assert said["moved"].startswith("1+1 and no carry: writes 0, carries 1;")
    assert "Proved:" in said["proved"]
    assert "wrong; it should be 1" in said["watched"]
