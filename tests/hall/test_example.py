"""The tutorial in one file prints what TensorFlow 1.3.0 computed."""

import runpy
import sys

import pytest
from common import ROOT, run_from_scratch

EXAMPLE = ROOT / "examples" / "tutorial.py"


def line(golden, iteration):
    """The line that the record's losses make."""
    record = golden("tf-1.3.0", 0)
    train_loss, test_loss = (
        record[name][iteration] for name in ("train_losses", "validation_losses")
    )
    return f"Iteration: {iteration}, train loss: {train_loss:.4f}, test loss: {test_loss:.4f}"


def test_its_first_losses_are_those_of_tensorflow_1_3_0(golden, monkeypatch, capsys):
    # As in a notebook's cell: a kernel has arguments of its own.
    monkeypatch.setattr(sys, "argv", ["ipykernel_launcher.py", "-f", "/home/kernel-1.json", "101"])

    runpy.run_path(str(EXAMPLE), run_name="__main__")

    printed = capsys.readouterr().out.splitlines()
    assert printed[:-1] == [line(golden, iteration) for iteration in (0, 50, 100)]


@pytest.mark.torture
def test_all_of_it(golden, tmp_path):
    process = run_from_scratch(EXAMPLE, cwd=tmp_path)

    printed = process.stdout.splitlines()
    assert printed[:-1] == [line(golden, iteration) for iteration in range(0, 5000, 50)]
    assert printed[-1] == "1024 + 16 = 1040"
