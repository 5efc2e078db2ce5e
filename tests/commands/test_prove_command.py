"""`python -m gru_addition.prove` and `python -m gru_addition.verify`, end to end."""

import shutil
import zipfile
from copy import copy
from pathlib import Path

import numpy as np
import numpy_gru
import pytest
from common import contents, run_module

from gru_addition import prove as prover
from gru_addition.add import Adder, show_sum
from gru_addition.commands import add as add_module
from gru_addition.commands import export as export_module
from gru_addition.commands import prove as prove_module
from gru_addition.commands import verify as verify_module
from gru_addition.model import AdditionModel, tf
from gru_addition.study import RECIPES
from gru_addition.train import Config, Run, train

PROVE, VERIFY = "python -m gru_addition.prove: ", "python -m gru_addition.verify: "


@pytest.fixture(scope="module")
def place(tmp_path_factory, trained_in):
    """A directory with a run that can be proved right, and one of a network that adds nothing."""
    place = tmp_path_factory.mktemp("prove")
    shutil.copytree(trained_in(Config(**RECIPES["tutorial + Jacobian penalty"])), place / "right")
    train(Config(iterations=1, hidden_size=3, engine="session"), place / "wrong")
    return place


@pytest.fixture(scope="module")
def proved(place):
    return run_module("gru_addition.prove", "--from=right", cwd=place)


@pytest.fixture
def ask(monkeypatch, capsys, place):
    """A function from module and arguments to status, output and errors."""
    monkeypatch.chdir(place)

    def run(module, *arguments):
        return module.main(list(arguments)), *capsys.readouterr()

    return run


def test_a_network_is_proved_right(proved, place):
    assert (proved.returncode, proved.stderr) == (0, "")
    first, *_ = proved.stdout.splitlines()
    assert first == "proved: the network of right adds every pair correctly at every length"
    assert "another network" not in proved.stdout
    assert "Minimised, they are 2: the carry." in proved.stdout
    assert (place / "right" / "proof.png").read_bytes().startswith(b"\x89PNG")


def test_its_certificate_is_verified(proved, place):
    process = run_module("gru_addition.verify", "right/certificate.npz", "--from=right", cwd=place)

    assert (process.returncode, process.stderr) == (0, "")
    assert process.stdout.startswith("holds: ")
    assert process.stdout.endswith(
        "The network of right adds every pair correctly at every length.\n"
    )


def test_the_tutorials_network_is_refuted(default_command):
    _, directory = default_command
    before = contents(directory / "runs" / "latest")

    process = run_module("gru_addition.prove", "--output-dir=proof", cwd=directory)

    assert (process.returncode, process.stderr) == (1, "")
    lines = process.stdout.splitlines()
    assert lines[0] == (
        "refuted: the smallest wrong sum of the network of runs/latest is 12 + 13, on 5 bits"
    )
    assert "\n".join(lines[2:8]) == show_sum(12, 13, 17, 5)
    assert "It is the smallest: all before it were tried, and are right." in lines
    assert contents(directory / "runs" / "latest") == before
    assert [path.name for path in (directory / "proof").iterdir()] == ["proof.png"]


def test_neither_proved_nor_refuted_is_status_3(ask, monkeypatch):
    monkeypatch.setattr(prover, "SPACINGS", ())

    status, out, err = ask(prove_module, "--from=right", "--output-dir=undecided")

    assert (status, err) == (3, "")
    assert out.startswith(
        "undecided: found no wrong sum of the network of right, and no proof\n\n"
        "Tried:\n- all sums of"
    )


def test_rounding_makes_a_proof_of_its_own(ask, proved, place, monkeypatch):
    # `make torture` puts the whole million sums to a proved network.
    monkeypatch.setattr(prove_module, "CHALLENGE", ({100: 1000}, 10_000))
    status, out, _ = ask(
        prove_module, "--from=right", "--resolution=4", "--output-dir=rounded", "--challenge"
    )

    assert status == 0
    assert out.endswith("\nChallenged: 0 of 1,001 sums of up to 10,000 bits are wrong.\n")
    assert " states hold whatever it can remember" in out
    # It is for the network with rounding, which the run does not mention.
    assert ask(verify_module, "rounded/certificate.npz", "--from=right") == (
        1,
        "refused for the network of right: it is for another resolution\n",
        "",
    )
    again = ask(verify_module, "rounded/certificate.npz", "--from=right", "--resolution=4")
    assert again[0] == 0


def test_a_verdict_names_its_network_and_says_if_add_runs_another(ask, place):
    """The network drifts, so it is wrong at 247 bits; rounded, it does not."""
    with tf.Graph().as_default(), tf.Session() as session:
        _, feed = AdditionModel.for_weights(numpy_gru.planted(100))
        session.run(tf.global_variables_initializer(), feed)
        tf.train.Saver().save(session, str(place / "planted"))
    options = "--from=planted", "--resolution=1"
    rounded = "network of planted with its state rounded to multiples of 1/1"
    another = (
        "By default, add and export run the network of planted without rounding its state.\n"
        "To run the one judged here, use --from=planted --resolution=1."
    )

    status, out, _ = ask(prove_module, *options, "--output-dir=drifts")
    assert status == 0
    assert out.startswith(f"proved: the {rounded} adds every pair correctly at every length\n")
    assert another in out
    status, out, _ = ask(verify_module, "drifts/certificate.npz", *options)
    assert status == 0
    assert out.endswith(f"\nThe {rounded} adds every pair correctly at every length.\n{another}\n")

    assert ask(add_module, "0", "0", "--num-bits=400", "--from=planted")[0] == 1
    assert ask(add_module, "0", "0", "--num-bits=400", *options)[0] == 0
    status, out, _ = ask(export_module, "model", *options)
    assert (status, out) == (0, f"The {rounded} is exported to model.\n")


def test_a_checkpoint_of_a_run_known_by_its_name_is_rounded_as_the_run_says(place, ask):
    train(
        Config(iterations=1, hidden_size=3, engine="session", resolution=4), place / "rounded-run"
    )
    prefix = str(place / "rounded-run" / "model.ckpt-1")
    x = np.random.RandomState(0).randint(0, 2, size=(3, 11, 2))

    by_name, by_directory = Adder.restore(prefix), Adder.restore(place / "rounded-run")
    plain = Adder.from_weights(Run.restore(place / "rounded-run").weights)

    np.testing.assert_array_equal(by_name.predict(x), by_directory.predict(x))
    assert (by_name.predict(x) != plain.predict(x)).any()
    (place / "rounded-run" / "model.ckpt-1.config.json").write_text("{}}")
    status, _, err = ask(add_module, "1", "2", f"--from={prefix}")
    assert (status, "model.ckpt-1.config.json is damaged: it is not as it was" in err) == (2, True)


def test_a_picture_that_can_not_be_drawn_takes_no_verdict_away(ask, place, monkeypatch):
    def fail(*_):
        raise RuntimeError("latex could not be found")

    monkeypatch.setattr(prove_module, "proof_figure", fail)

    status, _, err = ask(prove_module, "--from=right", "--output-dir=unseen")

    assert status == 0
    assert err == (
        f"{PROVE}the figure can't be drawn: unexpected RuntimeError: latex could not be found "
        "(GRU_ADDITION_TRACEBACK=1 shows where it comes from)\n"
    )
    assert [path.name for path in (place / "unseen").iterdir()] == ["certificate.npz"]


def test_a_certificate_for_other_weights_is_refused(ask, proved):
    status, out, err = ask(verify_module, "right/certificate.npz", "--from=wrong")

    assert (status, err) == (1, "")
    assert out == "refused for the network of wrong: it is for other weights: Wr differs\n"


@pytest.mark.parametrize(
    "damage", ["empty", "text", "cut", "pickled", "compressed", "repeated", "flipped"]
)
def test_a_damaged_certificate_is_refused(damage, ask, proved, place):
    path = place / "damaged.npz"
    content = (place / "right" / "certificate.npz").read_bytes()
    if damage == "pickled":
        np.savez(path, states=np.array([{}], dtype=object))
    elif damage == "compressed":
        np.savez_compressed(path, states=np.zeros(10**6))
    elif damage == "repeated":
        # Forty names for the same megabyte.
        with zipfile.ZipFile(path, "w") as members:
            members.writestr("states.npy", bytes(10**6))
            for number in range(40):
                again = copy(members.filelist[0])
                again.filename = f"{number}.npy"
                members.filelist.append(again)
    else:
        middle = len(content) // 2
        flipped = bytes([content[middle] ^ 255])
        path.write_bytes({
            "empty": b"",
            "text": b"a certificate",
            "cut": content[:middle],
            "flipped": content[:middle] + flipped + content[middle + 1 :],
        }[damage])  # fmt: skip

    status, out, err = ask(verify_module, "damaged.npz", "--from=right")

    assert (status, err) == (1, "")
    assert out.startswith("refused: ")
    assert out.count("\n") == 1


@pytest.mark.parametrize(
    ("module", "arguments", "message"),
    [
        (prove_module, ["--from=nowhere"], "'nowhere' holds no run"),
        (prove_module, ["--resolution=0", "--from=right"], "--resolution must be a whole number"),
        (prove_module, ["--resolution=x", "--from=right"], "--resolution must be a whole number"),
        (
            prove_module,
            ["--from=right", "--output-dir=right/manifest.json"],
            "--output-dir must be",
        ),
        (prove_module, ["--no-such-flag"], "unrecognized arguments: '--no-such-flag'"),
        (verify_module, [], "the following arguments are required: FILE"),
        (
            verify_module,
            ["nothing.npz", "--from=right"],
            "'nothing.npz' is missing",
        ),
        (verify_module, ["right", "--from=right"], "right is damaged: it is not a regular file"),
    ],
)
def test_bad_input_is_told_in_one_line(module, arguments, message, ask):
    status, out, err = ask(module, *arguments)

    assert (status, out) == (2, "")
    assert err.startswith(PROVE if module is prove_module else VERIFY)
    assert message in err
    assert err.count("\n") == 1


def test_another_cell_is_refuted_like_a_gru(ask, place):
    config = Config(cell="lstm", iterations=1, hidden_size=3, engine="session", learning_rate=1)
    weights = train(config, place / "lstm").weights

    status, out, err = ask(prove_module, "--from=lstm")

    assert (status, err) == (1, "")
    wrong = prover.prove(weights).wrong_sum
    assert f"wrong sum of the network of lstm is {wrong.a} + {wrong.b}, on" in out
    assert (place / "lstm" / "proof.png").exists()


def test_a_refutation_removes_the_certificate_of_another_network(ask, proved, place):
    shutil.copytree(place / "wrong", place / "retrained")
    shutil.copy(place / "right" / "certificate.npz", place / "retrained")

    status, out, err = ask(prove_module, "--from=retrained")

    assert (status, err) == (1, "")
    removed = Path("retrained", "certificate.npz")
    assert f"\nRemoved {removed}, which was for another network.\n" in out
    assert not removed.exists()


def test_an_old_proof_is_replaced_whole(ask, proved, place):
    shutil.copytree(place / "right", place / "copy")
    (place / "copy" / "certificate.npz").write_text("old")

    assert ask(prove_module, "--from=copy")[0] == 0

    names = {path.name for path in (place / "copy").iterdir()}
    assert names == {path.name for path in (place / "right").iterdir()}
    assert (place / "copy" / "certificate.npz").read_bytes() == (
        place / "right" / "certificate.npz"
    ).read_bytes()
