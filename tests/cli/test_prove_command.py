"""`python -m gru_addition prove` and `python -m gru_addition verify`, end to end."""

import io
import json
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from by_hand import network_of
from common import contents, run_module
from numpy.lib.format import write_array_header_1_0

from gru_addition.add import show_sum
from gru_addition.cells.machine import MACHINES
from gru_addition.prove import prove
from gru_addition.support.files import as_npz
from gru_addition.train import Run

EVERY_PAIR = "adds every pair correctly at every length"


@pytest.fixture
def place(networks, tmp_path):
    """The directory where the commands run, with copies of all networks."""
    return shutil.copytree(networks, tmp_path, dirs_exist_ok=True)


@pytest.fixture(scope="module")
def certificate(networks):
    """That of the network `right`: arrays by name."""
    return prove(Run.restore(networks / "right").weights).certificate


def test_a_network_is_proved_right_and_its_certificate_verified(place):
    file = Path("right", "certificate.npz")

    proved = run_module("gru_addition", "prove", "--from=right", cwd=place)
    verified = run_module("gru_addition", "verify", file, "--from=right", cwd=place)

    assert (proved.returncode, proved.stderr) == (0, "")
    assert proved.stdout.startswith(f"proved: the network of right {EVERY_PAIR}\n\n")
    assert "Minimised, they are 2: the carry." in proved.stdout
    assert proved.stdout.endswith(
        f"\nPicture: {Path('right', 'proof.png')}\nCertificate, and how to check it again:\n"
        f"python -m gru_addition verify {file} --from=right\n"
    )
    assert (place / "right" / "proof.png").read_bytes().startswith(b"\x89PNG")
    assert (verified.returncode, verified.stderr) == (0, "")
    assert verified.stdout.startswith("holds: ")
    bears = r"It holds even if sigmoid and tanh are wrong by \d\.\de-\d\."
    assert re.search(rf"\n{bears}\nThe network of right {EVERY_PAIR}\.\n$", verified.stdout)
    assert re.search(bears, proved.stdout)


def test_the_tutorials_network_is_refuted_by_its_smallest_wrong_sum(default_command, tmp_path):
    _, directory = default_command
    before = contents(directory / "runs" / "latest")

    process = run_module("gru_addition", "prove", f"--output-dir={tmp_path}", cwd=directory)

    assert (process.returncode, process.stderr) == (1, "")
    lines = process.stdout.splitlines()
    assert lines[0] == (
        "refuted: the smallest wrong sum of the network of runs/latest is 12 + 13, on 5 bits"
    )
    assert "\n".join(lines[2:8]) == show_sum(12, 13, 17, 5)
    assert "It is the smallest: all before it were tried, and are right." in lines
    assert contents(directory / "runs" / "latest") == before
    assert [path.name for path in tmp_path.iterdir()] == ["proof.png"]


def test_neither_proved_nor_refuted_is_status_3(place, ask):
    status, out, err = ask("prove", "--from=creeping")

    assert (status, err) == (3, "")
    assert out.startswith(
        "undecided: found no wrong sum of the network of creeping, and no proof\n\n"
        "Tried:\n- all sums of up to 9 bits: right\n- 5 states 0.2 apart: "
    )
    assert not (place / "creeping" / "certificate.npz").exists()


def test_a_network_judged_with_rounding_is_said_to_be_another(place, ask):
    """Without rounding, this network is wrong at some length; rounded, it is not."""
    options = "--from=drifting", "--resolution=1"
    file = Path("drifting", "certificate.npz")
    rounded = "network of drifting with its state rounded to multiples of 1/1"
    another = (
        "By default, add and export run the network of drifting without rounding its state.\n"
        "To run the one judged here, use --from=drifting --resolution=1."
    )

    status, out, err = ask("prove", *options)
    assert (status, err) == (0, "")
    assert out.startswith(f"proved: the {rounded} {EVERY_PAIR}\n")
    assert " states are all that it can reach. From each of them, " in out
    assert another in out
    assert out.endswith(f"verify {file} --from=drifting --resolution=1\n")
    status, out, err = ask("verify", file, *options)
    assert (status, err) == (0, "")
    assert out.endswith(f"\nThe {rounded} {EVERY_PAIR}.\n{another}\n")
    refused = "refused for the network of drifting: it is for another resolution\n"
    assert ask("verify", file, "--from=drifting") == (1, refused, "")

    assert ask("add", "0", "0", "--num-bits=400", "--from=drifting")[0] == 1
    assert ask("add", "0", "0", "--num-bits=400", *options)[0] == 0
    exported = f"The {rounded} is exported to model.\n"
    assert ask("export", "model", *options) == (0, exported, "")


def test_a_proved_network_may_be_challenged_all_the_same(place, ask, monkeypatch):
    # The whole million take minutes.
    monkeypatch.setattr("gru_addition.prove.challenge.MILLION_SUMS", ({100: 1000}, 10_000))

    status, out, err = ask("prove", "--from=right", "--challenge")

    assert (status, err) == (0, "")
    assert out.endswith("\nChallenged: 0 of 1,001 sums of up to 10,000 bits are wrong.\n")


def test_a_certificate_for_other_weights_a_forged_and_a_damaged_one_are_refused(
    certificate, place, ask
):
    content = as_npz(certificate)
    (place / "sound.npz").write_bytes(content)
    np.savez(place / "forged.npz", **certificate | {"states": certificate["states"] * 1.5})
    (place / "damaged.npz").write_bytes(content[:1000])
    crafted = {
        "empty": ("<U0", (1, 2**30)), "void": ("|V0", (1, 2**30)), "huge": ("<f8", (2**40, 8)),
        "negative": ("<f8", (-1, -8)),
    }  # fmt: skip
    for name, (dtype, shape) in crafted.items():
        member = io.BytesIO()
        write_array_header_1_0(member, {"descr": dtype, "fortran_order": False, "shape": shape})
        with zipfile.ZipFile(place / f"{name}.npz", "w") as archive:
            archive.writestr("states.npy", member.getvalue())
    np.savez(place / "wide.npz", **certificate | {"states": np.zeros((1, 2_000_000))})

    assert ask("verify", "sound.npz", "--from=right")[0] == 0
    refused = "refused for the network of tiny: it is for other weights: Wr differs\n"
    assert ask("verify", "sound.npz", "--from=tiny") == (1, refused, "")
    for name in "forged", "wide":
        status, out, err = ask("verify", f"{name}.npz", "--from=right")
        assert (status, err, out.count("\n")) == (1, "", 1)
        assert out.startswith("refused for the network of right: ")
    for name in "damaged", *crafted:
        status, out, err = ask("verify", f"{name}.npz", "--from=right")
        assert (status, err) == (1, "")
        assert out.startswith(f"refused: the file holds no certificate: {name}.npz is damaged: ")
        assert out.count("\n") == 1


def test_what_the_laboratory_downloads_is_asked_proved_and_shown(place, ask):
    weights = {name: w.tolist() for name, w in Run.restore("right").weights.items()}
    saved = {"cell": "gru", "resolution": None, "weights": weights}
    (place / "downloaded.json").write_text(json.dumps(saved))

    network = "--from=downloaded.json"
    assert ask("add", "13", "12", network) == (0, "25\n", "")
    status, out, err = ask("prove", network, "--output-dir=proof")
    assert (status, err) == (0, "")
    assert out.startswith(f"proved: the network of downloaded.json {EVERY_PAIR}\n")
    assert ask("verify", Path("proof", "certificate.npz"), network)[0] == 0
    assert ask("show", network, "--output=page.html")[0] == 0
    assert json.dumps(weights["b_output"]) in (place / "page.html").read_text()


def test_a_refutation_removes_what_is_no_proof_of_this_network(certificate, place, ask):
    path = Path("tiny", "certificate.npz")
    for content in as_npz(certificate), b"no archive", b"PK":
        (place / path).write_bytes(content)

        status, out, err = ask("prove", "--from=tiny")

        assert (status, err) == (1, "")
        assert f"\nRemoved {path}, which is no proof of this network.\n" in out
        assert not (place / path).exists()


def test_a_network_is_proved_right_at_another_task(place, ask):
    weights = {name: w.tolist() for name, w in network_of(MACHINES["equality"]).items()}
    (place / "equal.json").write_text(json.dumps({"resolution": None, "weights": weights}))
    network, task, of_task = "--from=equal.json", "--task=equality", "certificate-equality.npz"

    status, out, err = ask("prove", network, task)
    checked = ask("verify", of_task, network, task)
    of_sums = ask("verify", of_task, network)

    assert (status, err) == (0, "")
    right = "the network of equal.json is right at equality for every pair at every length"
    assert out.startswith(f"proved: {right}\n\n")
    assert "Minimised, they are 2.\n" in out
    assert out.endswith(f"python -m gru_addition verify {of_task} --from=equal.json {task}\n")
    assert (place / "proof-equality.png").exists()
    assert checked[0] == 0
    assert checked[1].endswith(f"\nT{right[1:]}.\n")
    assert of_sums[0] == 1
    assert "it is for another machine: its targets differ" in of_sums[1]


def test_a_task_that_a_network_fails_leaves_the_proof_of_another(certificate, place, ask):
    path = place / "right" / "certificate.npz"
    path.write_bytes(as_npz(certificate))

    status, out, err = ask("prove", "--from=right", "--task=comparison")

    assert (status, err) == (1, "")
    wrong = "1 and 0, on 1 bits"
    assert out.startswith(f"refuted: the smallest wrong input of the network of right is {wrong}\n")
    assert "\npredicted  1\n     true  0\n    wrong  ^\n" in out
    assert path.exists()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--task=division"], "--task must be addition or subtraction or "),
        (["--task=parity", "--challenge"], "--challenge is a test of sums"),
    ],
)
def test_tasks_that_are_none_are_refused(place, ask, flags, words):
    status, out, err = ask("prove", "--from=right", *flags)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert words in err
