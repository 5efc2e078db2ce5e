"""The page about networks is one file, holds the networks, and is up to date in the docs."""

import json
import re
import runpy

import numpy as np
import numpy_gru
import pytest
from common import ROOT

from gru_addition.commands.show import main
from gru_addition.show import page, page_data

COMMAND = "python -m gru_addition.show"
DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)


def data_of(html):
    return json.loads(DATA.search(html).group(1))


@pytest.mark.quick
def test_a_page_needs_nothing_else():
    html = page([page_data(numpy_gru.perfect_weights(), "</script> & <b>", "")] * 3)

    # The only address is the name of SVG.
    assert set(re.findall(r"https?://[^\s\"']+", html)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<link|<img|src=|@import|url\(", html)
    assert len(html.encode()) < 500_000
    assert [network["name"] for network in data_of(html)] == ["</script> & <b>"] * 3


@pytest.mark.quick
@pytest.mark.parametrize(("hidden", "planes"), [(1, 1), (2, 1), (3, 2), (4, 1)])
def test_few_units_are_shown_exactly(hidden, planes):
    weights = numpy_gru.random_weights(hidden, np.random.RandomState(0))

    network = page_data(weights, "random", "")

    directions = np.concatenate([plane["directions"] for plane in network["planes"]])
    assert len(network["planes"]) == planes
    if hidden < 4:
        assert {tuple(row) for row in directions} == {tuple(row) for row in np.eye(hidden)}
    np.testing.assert_array_equal(network["weights"]["Uh"], weights["Uh"])


def test_the_command_shows_the_last_run(default_command, monkeypatch, tmp_path, capsys):
    _, directory = default_command
    monkeypatch.chdir(directory)

    assert main([f"--output={tmp_path / 'page.html'}"]) == 0

    output = capsys.readouterr()
    assert output.out == f"Page: {tmp_path / 'page.html'}\nOpen it in a browser.\n"
    (network,) = data_of((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert network["name"] == "runs/latest"
    assert network["about"] == "The tutorial's settings."
    assert network["losses"]["iterations"][-1] == 4999


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--from=a", "--from=b", "--from=c", "--from=d"],
            "--from may be given at most 3 times, not 4",
        ),
        (["--from=nowhere"], "'nowhere' holds no run; python -m gru_addition.train makes one"),
        (["--output="], "--output must be the name of a file, not ''"),
        (["--output=."], "--output must be the name of a file, not '.'"),
        (["x"], "unrecognized arguments: 'x'"),
    ],
)
def test_bad_arguments_are_told_in_one_line(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert main(arguments) == 2

    assert capsys.readouterr().err == f"{COMMAND}: {message}\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"precious", b"\xff", b"<!DOCTYPE html><title>Mine</title>"])
def test_a_file_that_is_not_such_a_page_is_kept(content, default_command, tmp_path, capsys):
    _, directory = default_command
    output = tmp_path / "file"
    output.write_bytes(content)
    arguments = [f"--from={directory / 'runs/latest'}", f"--output={output}"]

    assert main(arguments) == 2
    message = capsys.readouterr().err
    assert message.startswith(f"{COMMAND}: --output must be a new file or a page to replace, not ")
    assert output.read_bytes() == content

    output.unlink()
    assert main(arguments) == main(arguments) == 0


def test_the_page_of_the_docs_is_not_stale(trained, monkeypatch):
    """`make page` builds it anew."""
    monkeypatch.syspath_prepend(ROOT / "examples")
    script = runpy.run_path(str(ROOT / "examples" / "page.py"))
    html = (ROOT / "docs" / "index.html").read_text(encoding="utf-8")
    networks = data_of(html)

    # The page around its networks is today's, and so are the words.
    assert page(networks, script["TOUR"]) == html
    words = [(network["name"], network["about"]) for network in networks]
    assert words == [script["TUTORIAL"], script["DRIFTING"], script["PROVED"]]
    # The last digits depend on the machine.
    for network, seed in zip(networks[:2], (0, 2), strict=True):
        for name, weight in trained(script["Config"](seed=seed)).weights.items():
            np.testing.assert_allclose(network["weights"][name], weight, atol=1e-6)
