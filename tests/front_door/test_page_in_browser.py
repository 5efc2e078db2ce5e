"""The page about networks, in a real browser: it computes what Python does, and can be used.

`make browser` runs this; it needs Chromium and ChromeDriver on the machine. It leaves screenshots
in `runs/browser`. A browser takes seconds to start, so some tests try several things in one.
"""

from html import escape

import numpy as np
import numpy_gru
import pytest
from common import ROOT

from gru_addition.cells.network import Network
from gru_addition.cells.weights import CELLS
from gru_addition.show import page, page_data

pytestmark = pytest.mark.browser
PICTURES = ROOT / "runs" / "browser"
PERFECT = numpy_gru.perfect_weights()
RIGHT = page_data(PERFECT, "right", "It adds.")
TOUR = [("Seven and one", "a=2^3-1&b=1&bits=5&column=3")]
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
    """A function that opens a page about networks, as `page_data` describes them.

    change: makes of the page, as text, what is opened.
    """

    def open_page(networks, link="", change=str):
        (tmp_path / "page.html").write_text(change(page(networks, TOUR)), encoding="utf-8")
        # The same address with another link would not be opened anew.
        browser.get("about:blank")
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


def values_of(browser, *ids):
    return [browser.find_element("id", name).get_attribute("value") for name in ids]


def type_in(browser, name, text):
    from selenium.webdriver import Keys

    select_all = Keys.CONTROL, "a", Keys.NULL
    browser.find_element("id", name).send_keys(*select_all, Keys.DELETE, text, Keys.TAB)


def wait_until(condition, browser):
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(browser, 10, poll_frequency=0.1).until(lambda _: condition())


def resize(browser, width, height):
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def test_a_reader_types_steps_and_shares_a_link(opened):
    from selenium.webdriver import Keys

    wrong = PERFECT | {"W_output": 0 * PERFECT["W_output"]}
    networks = [RIGHT, page_data(wrong, "wrong", "It does not.")]
    browser = opened(networks, "#a=13&b=12&column=1")

    # Five columns: those of the sum.
    assert browser.find_element("id", "bits").get_attribute("value") == "5"
    assert text_of(browser, "#said") == "Column 0: 1 + 0 make 1. Write 1, and carry nothing."
    assert "which is right" in text_of(browser, "section:nth-child(1) .said")
    assert "wrong; it should be 1" in text_of(browser, "section:nth-child(2) .said")

    type_in(browser, "a", "2^81 - 1")
    assert values_of(browser, "a", "b", "bits") == ["2^81 - 1", "12", "82"]
    browser.find_element("id", "last").click()
    wait_until(lambda: "column=82" in browser.current_url, browser)
    assert browser.find_elements("css selector", "section:nth-child(1) .cross") == []
    assert browser.find_elements("css selector", "section:nth-child(2) .cross") != []
    digits = text_of(browser, "section:nth-child(1) pre")
    assert digits.count(str(2**81 - 1 + 12)) == 2

    # The keyboard moves the slider.
    slider = browser.find_element("id", "column")
    slider.send_keys(Keys.ARROW_LEFT)
    wait_until(lambda: "column=81" in browser.current_url, browser)
    link = browser.current_url
    browser.get("about:blank")
    browser.get(link)
    assert browser.find_element("id", "column").get_attribute("value") == "81"


NUMBER = "must be a whole number from 0 to 2^2000 - 1"
COLUMNS = "the number of columns for a + b must be a whole number from 5 to 2000"
BOTH = "a + b must be at most 2^2000 - 1"


def test_what_is_not_allowed_is_refused_in_words(opened):
    browser = opened([RIGHT])
    for text in "x", "-1", "", "2^3000", "1.5", "2^", "1 3", "13--12", "13+", "2^2000":
        type_in(browser, "b", text)
        assert text_of(browser, "#problem").startswith(f"b {NUMBER}")
        assert values_of(browser, "b") == [text]
    type_in(browser, "b", "2^2000 - 1")
    assert text_of(browser, "#problem") == BOTH
    # What was shown before still is.
    assert text_of(browser, "section pre").split()[:14] == [
        "a",
        *"01101",
        "13",
        "b",
        *"01100",
        "12",
    ]
    type_in(browser, "b", "12")
    for text in "3", "4", "2001", "5.5", "":
        type_in(browser, "bits", text)
        assert text_of(browser, "#problem") == COLUMNS
    type_in(browser, "bits", "7")
    assert text_of(browser, "#problem") == ""
    assert text_of(browser, "section pre").split()[:9] == ["a", *"0001101", "13"]

    for link, problem in [
        ("a=13&b=12&bits=3", COLUMNS),
        ("a=13&b=12&bits=", COLUMNS),
        ("a=13&b=12&bits=2001", COLUMNS),
        ("a=5&b=-6", f"b {NUMBER}, such as 13 or 2^81 - 1"),
        ("a=&b=6", f"a {NUMBER}, such as 13 or 2^81 - 1"),
        ("a=2^1999&b=2^1999", BOTH),
        ("a=5&b=6&column=2.5", "column must be a whole number from 0 to 4"),
        ("a=5&b=6&column=5", "column must be a whole number from 0 to 4"),
        ("a=5&b=6&column=-1", "column must be a whole number from 0 to 4"),
    ]:
        opened([RIGHT], f"#{link}")
        said = f"The link can't be read: {problem}. This is 13 + 12."
        assert text_of(browser, "#problem") == said, link
        assert values_of(browser, "a", "b", "bits", "column") == ["13", "12", "5", "0"]
    opened([RIGHT], "#a=2^1999-1&b=2^1999&column=2000")
    assert text_of(browser, "#problem") == ""
    # A plus stands for itself.
    opened([RIGHT], "#a=2^4+1&b=1")
    assert values_of(browser, "a", "bits") == ["2^4+1", "5"]


def test_another_random_sum_can_be_drawn(opened):
    from selenium.webdriver.support.select import Select

    browser = opened([RIGHT])
    examples = Select(browser.find_element("id", "examples"))
    again = browser.find_element("xpath", "//button[.='Again']")
    assert not again.is_displayed()
    examples.select_by_visible_text("random, 20 bits")
    sums = {tuple(values_of(browser, "a", "b"))}
    for _ in range(3):
        again.click()
        sums.add(tuple(values_of(browser, "a", "b")))
    assert len(sums) == 4

    examples.select_by_visible_text("a carry, then n times 1+0")
    assert not again.is_displayed()
    assert values_of(browser, "a", "b", "bits") == ["2^101 - 1", "1", "102"]
    type_in(browser, "times", "1999")
    assert text_of(browser, "#problem") == "n must be a whole number from 1 to 1998"
    # The field of n can't be seen here.
    examples.select_by_visible_text("13 + 12")
    assert text_of(browser, "#problem") == ""


# A browser that lets a page have no other address.
REFUSE = """
history.replaceState = () => {
  document.title = "Refused";
  throw new DOMException("No", "SecurityError");
};
"""


def test_a_page_inside_another_plays_and_follows_its_links(opened, browser):
    def based(html):
        return html.replace("<head>", '<head><base href="https://example.invalid/there/">')

    def framed(html, more=""):
        return f'<iframe width="900" height="900" {more} srcdoc="{escape(html)}"></iframe>'

    def sandboxed(html):
        return framed(html, 'sandbox="allow-scripts"')

    def refused(html):
        return html.replace("<head>", f"<head><script>{REFUSE}</script>")

    for change in based, framed, sandboxed, refused:
        inside = change in (framed, sandboxed)
        opened([RIGHT], "#a=2&b=3&column=1", change)
        if inside:
            browser.switch_to.frame(0)
        # A frame has an address of its own.
        assert values_of(browser, "a") == ["13" if inside else "2"]
        browser.find_element("id", "play").click()
        assert text_of(browser, "#play") == "Pause"
        wait_until(lambda: text_of(browser, "#play") == "Play", browser)
        slider = browser.find_element("id", "column")
        assert slider.get_attribute("value") == slider.get_attribute("max")
        assert text_of(browser, "#problem") == ""

        browser.find_element("link text", "Seven and one").click()
        assert values_of(browser, "a", "b", "bits", "column") == ["2^3-1", "1", "5", "3"]
        if change is based:
            wait_until(lambda: browser.current_url.endswith("#a=7&b=1&bits=5&column=3"), browser)
            # The page before the link is a step back.
            browser.back()
            wait_until(lambda: values_of(browser, "a") == ["2"], browser)
        if change is refused:
            wait_until(lambda: browser.title == "Refused", browser)
        browser.switch_to.default_content()
        assert not browser.get_log("browser")


def test_a_saved_page_is_alive_whatever_its_networks_are_called(opened, tmp_path):
    names = ["<!--<script>", "</script>"]
    browser = opened([page_data(PERFECT, name, "") for name in names])

    for _ in range(2):
        assert [title.text for title in browser.find_elements("css selector", "h2")] == names
        assert browser.find_elements("xpath", "//option[.='13 + 12']")[1:] == []
        browser.find_element("id", "next").click()
        for said in browser.find_elements("css selector", "section .said"):
            assert said.text == "Output 1.000: it writes 1, which is right."
        # "Save page as": what the page has become.
        saved = browser.execute_script("return document.documentElement.outerHTML")
        (tmp_path / "saved.html").write_text(f"<!DOCTYPE html>{saved}", encoding="utf-8")
        browser.get((tmp_path / "saved.html").as_uri())


# WebKit throws when the address is changed more than 100 times in half a minute. Chromium does not.
WEBKIT = """
const replaceState = history.replaceState.bind(history);
let calls = 0;
history.replaceState = (...given) => {
  calls += 1;
  if (calls > 100) throw new DOMException("100 in 30 seconds", "SecurityError");
  replaceState(...given);
};
"""
SLIDE = """
const slider = document.querySelector("#column");
for (let i = 0; i < 150; i += 1) {
  slider.value = i % 7;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
}
"""


def test_an_address_is_that_of_what_is_shown_after_many_changes(opened):
    def in_webkit(html):
        return html.replace("<head>", f"<head><script>{WEBKIT}</script>")

    browser = opened([RIGHT], "#a=13&b=12&bits=6", in_webkit)
    browser.execute_script(SLIDE)
    wait_until(lambda: "column=2" in browser.current_url, browser)
    browser.execute_script(SLIDE)
    # Also while the address waits to be written, and still is that of the link.
    link = browser.find_element("link text", "Seven and one")
    link.click()
    browser.execute_script(f"{SLIDE} arguments[0].click();", link)

    assert values_of(browser, "a", "b", "bits", "column") == ["2^3-1", "1", "5", "3"]
    assert text_of(browser, "#problem") == ""
    wait_until(lambda: browser.current_url.endswith("#a=7&b=1&bits=5&column=3"), browser)
    # A link that is typed.
    browser.execute_script("location.hash = 'a=5&b=6'")
    wait_until(lambda: values_of(browser, "a", "b") == ["5", "6"], browser)
    wait_until(lambda: browser.current_url.endswith("#a=5&b=6&bits=4&column=0"), browser)


def test_a_page_whose_scripts_may_not_run_says_so_and_shows_no_dead_control(opened):
    def strict(html):
        policy = "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\">"
        return html.replace("<head>", f"<head>{policy}")

    needed = "This page needs JavaScript"
    for change, alive in (strict, False), (str, True):
        browser = opened([RIGHT], "", change)
        controls = "button, input, select, a, summary"
        shown = [
            control.is_displayed() for control in browser.find_elements("css selector", controls)
        ]
        assert len(shown) > 10
        assert any(shown) == alive
        assert (needed in text_of(browser, "body")) == (not alive)


def test_the_controls_leave_most_of_the_view_however_much_it_is_enlarged(opened):
    browser = opened([RIGHT], "#a=2^81-1&b=1&column=5")
    covered = """
    scrollTo(0, document.body.scrollHeight / 2);
    const box = document.querySelector("#controls").getBoundingClientRect();
    return Math.max(0, box.bottom) / innerHeight;
    """
    # 1280 x 800 at 100, 200 and 400 %; telephones and a tablet.
    sizes = (1280, 800), (640, 400), (320, 200), (390, 844), (844, 390), (360, 640), (768, 1024)
    for width, height in sizes:
        resize(browser, width, height)
        share = browser.execute_script(covered)
        # Where there is room, they stay in view.
        assert (0.05 if height >= 640 else 0) <= share <= 0.25, (width, height)
        buttons = browser.find_element("id", "next").rect
        scrolled = browser.execute_script("return scrollY")
        assert (buttons["y"] >= scrolled) == (height >= 640), (width, height)
    # A number that is being typed is in view.
    resize(browser, 390, 844)
    type_in(browser, "a", "2")
    browser.execute_script(covered)
    assert browser.execute_script("return scrollY") > 0
    assert browser.execute_script("return document.activeElement.getBoundingClientRect().y") >= 0


def test_all_columns_of_a_long_sum_are_printed(opened):
    browser = opened([RIGHT, RIGHT], "#a=2^81-1&b=2^80%2B1&bits=83&column=83")
    before = text_of(browser, "section pre")
    # Runs after the page's own.
    browser.execute_script("""
    addEventListener("beforeprint", () => {
      window.printed = document.querySelector("section pre").innerText;
    });
    """)
    browser.print_page()
    lines = browser.execute_script("return window.printed").splitlines()

    def printed(name):
        found = [
            line.strip().removeprefix(name).split()
            for line in lines
            if line.strip().startswith(f"{name}  ")
        ]
        *blocks, value = found
        return "".join("".join(block) for block in blocks), value

    a, b = 2**81 - 1, 2**80 + 1
    for name, number in ("a", a), ("b", b), ("writes", a + b), ("true", a + b):
        assert printed(name) == (f"{number:083b}", [str(number)])
    # Afterwards it is again as it was.
    assert text_of(browser, "section pre") == before

    # On paper, nothing is beyond an edge: A4, less its margins.
    resize(browser, 718, 1000)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    PICTURES.mkdir(parents=True, exist_ok=True)
    browser.save_screenshot(str(PICTURES / "page-print.png"))
    for sum_ in browser.find_elements("css selector", "section pre"):
        measured = """
        const [sum] = arguments, { lineHeight } = getComputedStyle(sum);
        return [sum.scrollWidth, sum.clientWidth, sum.clientHeight / parseFloat(lineHeight)];
        """
        width, room, height = browser.execute_script(measured, sum_)
        assert width <= room
        # No line is broken.
        assert round(height) == len(lines)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 718


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_the_docs_fits(width, scheme, browser):
    """Also leaves screenshots, to be looked at."""
    resize(browser, width, 2600)
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

    browser.find_elements("css selector", "main > ul a")[link].click()

    assert "wrong; it should be" in text_of(browser, f"section:nth-child({wrong}) .said")
    assert "which is right" in text_of(browser, f"section:nth-child({right}) .said")
