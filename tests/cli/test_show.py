"""The page about networks is one file, holds the networks, and is up to date in the docs."""

import json
import re
import runpy
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import numpy_gru
import pytest
from common import ROOT

from gru_addition.dataset import generate_batch
from gru_addition.show import bundle, page, page_data

COMMAND = "python -m gru_addition show"
DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)


def data_of(html):
    return json.loads(DATA.search(html).group(1))


@pytest.mark.quick
def test_a_page_needs_nothing_else():
    name = "<!--<script> & </script>"
    html = page([page_data(numpy_gru.perfect_weights(), name, "")] * 3)

    # The only address is the name of SVG.
    assert set(re.findall(r"https?://[^\s\"']+", html)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<link|<img|src=|@import|url\(", html)
    assert len(html.encode()) < 500_000
    assert [network["name"] for network in data_of(html)] == [name] * 3
    # Nothing in the data can end the script, or begin another.
    assert "<" not in DATA.search(html).group(1)


@pytest.mark.quick
def test_the_modules_of_a_page_are_one_script():
    script = bundle("page.js")

    assert not re.search(r"^(import|export)\b", script, re.MULTILINE)
    names = re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", script, re.MULTILINE)
    # In one script no two things may have the same name. What is needed by others comes first.
    assert len(names) == len({*names})
    needed = "svg", "drawPlane", "watchAct", "root"
    assert [name for name in names if name in needed] == list(needed)


class Shown(HTMLParser):
    """What a page shows as long as no script has run: its tags and its text."""

    # What has no end, and what is no text of the page.
    VOID, UNSEEN = {"meta", "input"}, {"script", "style", "head"}

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.text = [], set(), ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        hidden = "hidden" in dict(attrs) or tag in self.UNSEEN or any(h for _, h in self.open)
        if not hidden:
            self.tags.add(tag)
        if tag not in self.VOID:
            self.open.append((tag, hidden))

    def handle_endtag(self, tag):
        # Some, such as li, need not be ended.
        while self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if not any(hidden for _, hidden in self.open):
            self.text += data


@pytest.mark.quick
def test_without_javascript_a_page_says_so_and_shows_no_dead_control():
    html = page([page_data(numpy_gru.perfect_weights(), "right", "")])

    controls = {"button", "input", "select", "form", "summary"}
    assert all(f"<{control}" in html for control in controls)
    shown = Shown(html)
    assert not shown.tags & controls
    assert "This page needs JavaScript" in shown.text


@pytest.mark.quick
@pytest.mark.parametrize(("hidden", "planes"), [(1, 1), (2, 1), (3, 2), (4, 1)])
def test_few_units_are_shown_exactly(hidden, planes):
    weights = numpy_gru.random_weights(hidden, np.random.RandomState(0))

    network = page_data(weights, "random", "")

    assert len(network["planes"]) == planes
    for plane in network["planes"] if hidden < 4 else []:
        units = [int(name.removeprefix("unit ")) for name in plane["names"]]
        np.testing.assert_array_equal(plane["directions"], np.eye(hidden)[units])
    np.testing.assert_array_equal(network["weights"]["Uh"], weights["Uh"])


def test_up_to_three_networks_are_shown_with_what_is_known_about_them(
    default_command, networks, ask, tmp_path
):
    sources = [default_command[1] / "runs" / "latest", "proved", "other"]
    for name in sources[1:]:
        shutil.copytree(networks / "right", tmp_path / name)
    assert ask("prove", "--from=proved")[0] == 0
    (tmp_path / "other" / "certificate.npz").write_text("mine")

    status, out, err = ask("show", *(f"--from={source}" for source in sources), "--output=page")

    assert (status, err) == (0, "")
    first, rest = out.split("\n", 1)
    assert first.startswith(f"{Path('other', 'certificate.npz')} is not shown, because ")
    assert rest == "Page: page\nOpen it in a browser.\n"
    tutorial, proved, other = data_of((tmp_path / "page").read_text(encoding="utf-8"))
    assert [network["name"] for network in (tutorial, proved, other)] == list(map(str, sources))
    assert tutorial["about"] == "The tutorial's settings."
    assert tutorial["losses"]["iterations"][-1] == 4999
    assert tutorial["certificate"] is None
    number = len(proved["certificate"]["states"])
    assert proved["about"].startswith("The tutorial's settings, but num bits 2, batch size 1, ")
    assert proved["about"].endswith(f" Proved right at every length, with {number} balls.")
    assert other["certificate"] is None
    assert "Proved" not in other["about"]


@pytest.mark.parametrize("content", [b"precious", b"\xff", b"<!DOCTYPE html><title>Mine</title>"])
def test_a_file_that_is_not_such_a_page_is_kept(content, networks, ask, tmp_path):
    output = tmp_path / "file"
    output.write_bytes(content)
    arguments = "show", f"--from={networks / 'right'}", "--output=file"

    kept = f"{COMMAND}: --output must be a new file or a page to replace, not 'file'\n"
    assert ask(*arguments) == (2, "", kept)
    assert output.read_bytes() == content

    output.unlink()
    assert ask(*arguments) == ask(*arguments) == (0, "Page: file\nOpen it in a browser.\n", "")


def test_the_page_of_the_docs_is_not_stale(trained):
    """`make page` builds it anew."""
    # It imports another example.
    sys.path.append(str(ROOT / "examples"))
    script = runpy.run_path(str(ROOT / "examples" / "page.py"))
    html = (ROOT / "docs" / "index.html").read_text(encoding="utf-8")
    networks = data_of(html)

    # What the build takes from elsewhere.
    brought = (
        re.search(f"{before}(.*?){after}", html, re.DOTALL)[1]
        for before, after in (
            ('<style id="uplot-style">', "</style>"),
            ('<script id="uplot">', "</script>"),
            ("data:image/png;base64,", '"'),
        )
    )
    # The page around its networks is today's, and so are the words.
    assert script["laboratory"](networks, *brought) == html
    assert len(html.encode()) < 600_000
    words = [(network["name"], network["about"]) for network in networks]
    assert words == [script["TUTORIAL"], script["DRIFTING"], script["PROVED"]]
    # As these say of the tutorial's network: none of its sums has 1 + 1 in columns 2 and 3.
    x, _ = generate_batch(5, 100, np.random.RandomState(0))
    assert not x[:, 2:4].all(axis=(1, 2)).any()
    # The last digits depend on the machine.
    for network, seed in zip(networks[:2], (0, 2), strict=True):
        for name, weight in trained(script["Config"](seed=seed)).weights.items():
            np.testing.assert_allclose(network["weights"][name], weight, atol=1e-6)
