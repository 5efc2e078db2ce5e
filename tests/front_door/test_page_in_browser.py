"""The page about networks, in a real browser: it computes what Python does, and can be used.

`make browser` runs this; it needs Chromium and ChromeDriver on the machine. It leaves screenshots
in `runs/browser`.
"""

import numpy as np
import numpy_gru
import pytest
from common import ROOT

from gru_addition.cells.network import Network
from gru_addition.cells.weights import CELLS
from gru_addition.show import page, page_data

pytestmark = pytest.mark.browser
PICTURES = ROOT / "runs" / "browser"
# 300 steps from random states, by the page's own function.
STEPS = """
const [states, bits] = arguments;
return states.map((h, i) => {
  const after = step(networks[0], h, ...bits[i]);
  return [...after.h, after.output];
});
"""


@pytest.fixture
def opened(browser, tmp_path):
    """A function that opens a page about networks, as `page_data` describes them."""

    def open_page(networks, link=""):
        (tmp_path / "page.html").write_text(page(networks), encoding="utf-8")
        browser.get(f"{(tmp_path / 'page.html').as_uri()}{link}")
        return browser

    return open_page


@pytest.mark.parametrize("resolution", [None, 8])
@pytest.mark.parametrize(("cell", "hidden"), [("gru", 16), ("gru", 2), ("elman", 3), ("lstm", 5)])
def test_a_step_is_that_of_python(cell, hidden, resolution, opened):
    weights = numpy_gru.random_weights(hidden, np.random.RandomState(0), 1, CELLS[cell].gates)
    network = Network(weights, resolution)
    random_state = np.random.RandomState(1)
    states = random_state.uniform(-1, 1, size=(300, network.state_size))
    bits = random_state.randint(0, 2, size=(300, 2))

    browser = opened([page_data(weights, "random", "", resolution)])
    numbers = np.array(browser.execute_script(STEPS, states.tolist(), bits.tolist()))

    h = network.settle(network.steps(states))[np.arange(300), bits @ [2, 1]]
    np.testing.assert_allclose(numbers[:, :-1], h, rtol=0, atol=1e-14)
    # An output is a sum of as many products as there are units.
    np.testing.assert_allclose(numbers[:, -1], network.output(h), rtol=0, atol=1e-14)


def text_of(browser, selector):
    return browser.find_element("css selector", selector).text


def test_a_reader_types_steps_and_shares_a_link(opened):
    from selenium.webdriver import Keys

    perfect = numpy_gru.perfect_weights()
    wrong = perfect | {"W_output": 0 * perfect["W_output"]}
    networks = [page_data(perfect, "right", "It adds."), page_data(wrong, "wrong", "It does not.")]
    browser = opened(networks, "#a=13&b=12&column=1")

    # Five columns: those of the sum.
    assert browser.find_element("id", "bits").get_attribute("value") == "5"
    assert text_of(browser, "#said") == "Column 0: 1 + 0 make 1. Write 1, and carry nothing."
    assert "which is right" in text_of(browser, "section:nth-child(1) .said")
    assert "wrong; it should be 1" in text_of(browser, "section:nth-child(2) .said")

    field = browser.find_element("id", "a")
    field.clear()
    field.send_keys("2^81 - 1", Keys.TAB)
    browser.find_element("id", "last").click()
    assert "column=82" in browser.current_url
    assert browser.find_elements("css selector", "section:nth-child(1) .cross") == []
    assert browser.find_elements("css selector", "section:nth-child(2) .cross") != []
    digits = text_of(browser, "section:nth-child(1) pre")
    assert digits.count(str(2**81 - 1 + 12)) == 2

    # The keyboard moves the slider.
    slider = browser.find_element("id", "column")
    slider.send_keys(Keys.ARROW_LEFT)
    assert "column=81" in browser.current_url
    link = browser.current_url
    browser.get("about:blank")
    browser.get(link)
    assert browser.find_element("id", "column").get_attribute("value") == "81"


@pytest.mark.parametrize("text", ["x", "-1", "", "2^3000", "1.5", "2^"])
def test_bad_numbers_are_refused_in_words(text, opened):
    from selenium.webdriver import Keys

    browser = opened([page_data(numpy_gru.perfect_weights(), "right", "")], "#a=13&b=12")
    field = browser.find_element("id", "b")
    field.clear()
    field.send_keys(text, Keys.TAB)
    browser.execute_script("arguments[0].dispatchEvent(new Event('change'))", field)

    assert text_of(browser, "#problem").startswith("b must be a whole number")
    assert "b=12" in browser.current_url


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_the_docs_fits(width, scheme, browser):
    """Also leaves screenshots, to be looked at."""
    metrics = {"width": width, "height": 2600, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    browser.get(f"{(ROOT / 'docs' / 'index.html').as_uri()}#a=13&b=12&bits=6&column=4")

    PICTURES.mkdir(parents=True, exist_ok=True)
    browser.save_screenshot(str(PICTURES / f"page-{width}-{scheme}.png"))
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert len(browser.find_elements("css selector", "section")) == 3
    assert not browser.get_log("browser")


@pytest.mark.parametrize(("link", "wrong", "right"), [(0, 1, 3), (1, 2, 3), (2, 1, 3), (2, 2, 3)])
def test_the_tour_of_the_docs_shows_what_it_says(link, wrong, right, browser):
    browser.get((ROOT / "docs" / "index.html").as_uri())

    browser.find_elements("css selector", "header a")[link].click()

    assert "wrong; it should be" in text_of(browser, f"section:nth-child({wrong}) .said")
    assert "which is right" in text_of(browser, f"section:nth-child({right}) .said")
