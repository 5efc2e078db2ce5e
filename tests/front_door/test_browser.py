"""The live plot of the first notebook in JupyterLab, in a real browser, is redrawn in place.

`make browser` runs this; it needs Chromium and ChromeDriver on the machine. It leaves screenshots
in `runs/browser`.
"""

import shutil
import socket
import subprocess
import sys
import time
from contextlib import closing

import pytest
from common import ROOT, environment

pytestmark = pytest.mark.browser
PICTURES = ROOT / "runs" / "browser"
# Watch a changing picture: how many there are, their heights, and their different contents.
WATCH = """
const area = arguments[0];
const seen = window.seen = {contents: [], numbers: [], heights: []};
const look = () => {
  const images = area.querySelectorAll('img');
  seen.numbers.push(images.length);
  for (const image of images) {
    if (!seen.contents.includes(image.src)) seen.contents.push(image.src);
  }
  if (images.length) seen.heights.push(area.getBoundingClientRect().height);
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Where JupyterLab serves a copy of the notebooks."""
    directory = tmp_path_factory.mktemp("lab")
    for name in "notebooks", "docs":
        shutil.copytree(ROOT / name, directory / name)
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token="]
    command += [f"--ServerApp.root_dir={directory}", f"--LabApp.workspaces_dir={directory}"]
    # Otherwise it asks whether it may fetch news.
    settings = directory / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
    command += [f"--LabApp.user_settings_dir={directory / 'settings'}"]
    log = directory / "log"
    with log.open("w") as output:
        server = subprocess.Popen(command, env=environment(), stdout=output, stderr=output)
    try:
        _until(lambda: "is running at" in log.read_text(), "JupyterLab to start", 60)
        yield f"http://127.0.0.1:{port}/lab/tree/notebooks"
    finally:
        server.terminate()
        server.wait()


def _until(is_true, what, seconds):
    deadline = time.monotonic() + seconds
    while not (result := is_true()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.2)
    return result


def _open(browser, address, name):
    browser.get(f"{address}/{name}")
    _until(lambda: _cell(browser, "import matplotlib"), "the notebook", 60)
    _until(lambda: "Idle" in browser.page_source, "its kernel", 60)
    for label in "Run", "Run All Cells":
        _until(lambda label=label: _click(browser, label), label, 10)


def _click(browser, label):
    """Click the menu item with this label, if it is there."""
    items = browser.find_elements("css selector", ".lm-MenuBar-itemLabel, .lm-Menu-itemLabel")
    found = [item for item in items if item.text == label and item.is_displayed()]
    if found:
        found[0].click()
    return bool(found)


def _cell(browser, text):
    """The code cell that contains a text, if it is shown."""
    return browser.execute_script(
        "return [...document.querySelectorAll('.jp-CodeCell')]"
        ".find(cell => cell.textContent.includes(arguments[0])) ?? null",
        text,
    )


def _scroll_to(browser, text):
    """Bring a cell into view; JupyterLab creates cells out of sight only when they are needed."""

    def look_further():
        cell = _cell(browser, text)
        if cell is None:
            browser.execute_script(
                "document.querySelector('.jp-WindowedPanel-outer').scrollBy(0, 500)"
            )
        return cell

    cell = _until(look_further, text, 60)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", cell)
    return cell


def _save_picture(browser, name):
    PICTURES.mkdir(parents=True, exist_ok=True)
    browser.save_screenshot(str(PICTURES / name))


def test_the_live_plot_is_redrawn_in_place(address, browser):
    _open(browser, address, "01_walkthrough.ipynb")
    cell = _scroll_to(browser, "run = train(Config()")
    area = cell.find_element("css selector", ".jp-Cell-outputWrapper")
    _until(lambda: "[*]:" in cell.text, "training to begin", 60)
    image = _until(lambda: area.find_elements("css selector", "img"), "the first plot", 60)[0]
    browser.execute_script("arguments[0].scrollIntoView({block: 'end'})", image)
    time.sleep(1)
    browser.execute_script(WATCH, area)

    _until(lambda: len(browser.execute_script("return seen.contents")) > 30, "30 plots", 120)
    assert "[*]:" in cell.text
    _save_picture(browser, "training.png")
    _until(lambda: "[*]:" not in cell.text, "training to end", 120)
    seen = browser.execute_script("return seen")
    _save_picture(browser, "trained.png")

    assert len(seen["contents"]) > 60
    assert set(seen["numbers"]) == {1}
    assert max(seen["heights"]) - min(seen["heights"]) < 1

    last = _scroll_to(browser, "prove(weights).verdict")
    _until(lambda: "network: refuted" in last.text, "the end", 60)
    _save_picture(browser, "finished.png")
    assert not browser.find_elements("css selector", ".jp-RenderedText[data-mime-type*=error]")
    assert not browser.find_elements("css selector", ".jp-RenderedText[data-mime-type*=stderr]")
