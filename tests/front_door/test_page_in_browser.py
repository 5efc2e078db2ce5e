"""The page about networks, in a real browser.

`make browser` runs this; it needs Chromium and ChromeDriver on the machine. It leaves screenshots
in `runs/browser`. A browser takes seconds to start, so some tests try several things in one.
"""

import time
from html import escape

import numpy_gru
import pytest
from common import ROOT

from gru_addition.show import page, page_data

pytestmark = pytest.mark.browser
PICTURES = ROOT / "runs" / "browser"
PERFECT = numpy_gru.perfect_weights()
RIGHT = page_data(PERFECT, "right", "It adds.")
RIGHT["tour"] = {"words": "Seven and one", "link": "a=2^3-1&b=1&bits=5&column=3"}
CARD = ".networks > section:nth-child"
# The address of what the link of the tour shows: a number stays as it is typed.
SEVEN = "#watch&a=2^3-1&b=1&bits=5&column=3"


@pytest.fixture
def opened(browser, tmp_path):
    """A function that opens a page about networks, as `page_data` describes them.

    change: makes of the page, as text, what is opened.
    """

    def open_page(networks, link="", change=str):
        (tmp_path / "page.html").write_text(change(page(networks)), encoding="utf-8")
        # The same address with another link would not be opened anew.
        browser.get("about:blank")
        browser.get(f"{(tmp_path / 'page.html').as_uri()}{link}")
        return browser

    return open_page


def text_of(browser, selector):
    return browser.find_element("css selector", selector).text


def named(browser, name):
    return browser.find_element("css selector", f"#watch [name={name}]")


def values_of(browser, *names):
    return [named(browser, name).get_attribute("value") for name in names]


def type_in(browser, name, text):
    from selenium.webdriver import Keys

    select_all = Keys.CONTROL, "a", Keys.NULL
    named(browser, name).send_keys(*select_all, Keys.DELETE, text, Keys.TAB)


def wait_until(condition, browser, seconds=10):
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(browser, seconds, poll_frequency=0.1).until(lambda _: condition())


def resize(browser, width, height):
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def test_a_reader_types_steps_and_shares_a_link(opened):
    from selenium.webdriver import Keys

    wrong = PERFECT | {"W_output": 0 * PERFECT["W_output"]}
    networks = [RIGHT, page_data(wrong, "wrong", "It does not.")]
    browser = opened(networks, "#a=13&b=12&column=1")

    # Five columns: those of the sum.
    assert named(browser, "bits").get_attribute("value") == "5"
    assert text_of(browser, ".step") == "Column 0: 1 + 0 make 1. Write 1, carry nothing."
    assert "which is right" in text_of(browser, f"{CARD}(1) .said")
    assert "wrong; it should be 1" in text_of(browser, f"{CARD}(2) .said")

    type_in(browser, "a", "2^81 - 1")
    assert values_of(browser, "a", "b", "bits") == ["2^81 - 1", "12", "82"]
    named(browser, "last").click()
    wait_until(lambda: "column=82" in browser.current_url, browser)
    assert browser.find_elements("css selector", f"{CARD}(1) .cross") == []
    assert browser.find_elements("css selector", f"{CARD}(2) .cross") != []
    # In decimal, long numbers are shortened.
    short = f"{str(2**81 + 11)[:4]}…{str(2**81 + 11)[-4:]}"
    assert text_of(browser, f"{CARD}(1) .total") == f"2^81 - 1 + 12 = {short}; it wrote {short}."
    assert text_of(browser, f"{CARD}(2) .total").endswith("First ✕: column 0.")

    # What is heard after a pause is the column shown.
    named(browser, "first").click()
    named(browser, "play").click()
    wait_until(lambda: int(named(browser, "column").get_attribute("value")) > 1, browser)
    named(browser, "play").click()
    heard = browser.find_element("id", "said").get_attribute("textContent")
    assert heard.startswith(text_of(browser, ".step"))
    named(browser, "last").click()

    # The keyboard moves the slider.
    slider = named(browser, "column")
    slider.send_keys(Keys.ARROW_LEFT)
    wait_until(lambda: "column=81" in browser.current_url, browser)
    link = browser.current_url
    browser.get("about:blank")
    browser.get(link)
    assert named(browser, "column").get_attribute("value") == "81"


def test_outputs_of_columns_that_have_not_been_read_are_not_drawn(opened):
    browser = opened([RIGHT], "#a=13&b=12&column=2")
    outputs = browser.find_elements("css selector", ".output")
    assert [output.is_displayed() for output in outputs] == [True, True, False, False, False]

    named(browser, "first").click()
    assert not any(output.is_displayed() for output in outputs)
    assert text_of(browser, ".networks .said") == "Nothing has been read yet."


def test_a_reader_zooms_from_the_plane_to_a_ball_that_is_too_small_to_see(browser):
    browser.get(f"{(ROOT / 'docs' / 'index.html').as_uri()}#watch&a=13&b=12&column=4")
    lit = f"{CARD}(3) .ball.lit"

    def width():
        measured = "return document.querySelector(arguments[0]).getBoundingClientRect().width"
        return browser.execute_script(measured, f"{lit} polygon")

    assert width() < 16
    assert "too small to be seen" in text_of(browser, f"{CARD}(3) .plane")
    zoom = browser.find_element("css selector", ".zoom")
    zoom.click()
    wait_until(lambda: width() > 80, browser)
    assert not browser.find_elements("css selector", f"{lit} .ring")
    # Also that of the column before.
    named(browser, "back").click()
    wait_until(lambda: width() > 80, browser)
    zoom.click()
    wait_until(lambda: width() < 16, browser)


def test_on_a_telephone_one_network_is_shown_and_a_link_goes_to_what_it_speaks_of(opened):
    from selenium.webdriver.support.select import Select

    browser = opened([RIGHT | {"name": name, "key": name} for name in ("one", "two")])
    cards = browser.find_elements("css selector", ".networks > section")
    assert [card.is_displayed() for card in cards] == [True, True]
    assert not named(browser, "network").is_displayed()

    resize(browser, 390, 600)
    assert [card.is_displayed() for card in cards] == [True, False]
    Select(named(browser, "network")).select_by_visible_text("two")
    assert [card.is_displayed() for card in cards] == [False, True]
    wait_until(lambda: browser.current_url.endswith("&network=two"), browser)
    # The link of the first network.
    browser.find_element("link text", "Seven and one").click()
    assert [card.is_displayed() for card in cards] == [True, False]
    assert values_of(browser, "a", "column") == ["2^3-1", "3"]
    in_view = """
    const { top, bottom } = document.querySelector(".chosen .plane").getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight + 1;
    """
    assert browser.execute_script(in_view)


NUMBER = "must be a whole number from 0 to 2^2000 - 1"
COLUMNS = "13 + 12 needs 5 columns: their number must be a whole number from 5 to 2000"
BOTH = "a + b must be at most 2^2000 - 1"


def test_what_is_not_allowed_is_refused_in_words(opened):
    browser = opened([RIGHT])
    for text in "x", "-1", "", "2^3000", "1.5", "2^", "1 3", "13--12", "13+", "2^2000":
        type_in(browser, "b", text)
        assert text_of(browser, ".problem").startswith(f"b {NUMBER}")
        assert values_of(browser, "b") == [text]
    type_in(browser, "b", "2^2000 - 1")
    assert text_of(browser, ".problem") == BOTH
    # What was shown before still is.
    assert text_of(browser, ".networks pre").split()[:12] == ["a", *"01101", "b", *"01100"]
    type_in(browser, "b", "12")
    for text in "3", "4", "2001", "5.5", "":
        type_in(browser, "bits", text)
        assert text_of(browser, ".problem") == COLUMNS
    type_in(browser, "bits", "7")
    assert text_of(browser, ".problem") == ""
    assert text_of(browser, ".networks pre").split()[:9] == ["a", *"0001101", "b"]

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
        assert text_of(browser, ".problem") == said, link
        assert values_of(browser, "a", "b", "bits", "column") == ["13", "12", "5", "0"]
    # A network that is gone: the sum is shown all the same, and the address stays.
    for key in "trained", "mine":
        opened([RIGHT], f"#a=5&b=6&network={key}")
        problem = "The network just trained is gone: train one, or open its file."
        assert text_of(browser, ".problem") == problem
        assert values_of(browser, "a", "b") == ["5", "6"]
        time.sleep(0.6)
        assert browser.current_url.endswith(f"#a=5&b=6&network={key}")
    opened([RIGHT], "#a=2^1999-1&b=2^1999&column=2000")
    assert text_of(browser, ".problem") == ""
    # A plus stands for itself.
    opened([RIGHT], "#a=2^4+1&b=1")
    assert values_of(browser, "a", "bits") == ["2^4+1", "5"]


def test_another_random_sum_can_be_drawn(opened):
    from selenium.webdriver.support.select import Select

    browser = opened([RIGHT])
    examples = Select(named(browser, "examples"))
    sums = set()
    for _ in range(4):
        named(browser, "random").click()
        sums.add(tuple(values_of(browser, "a", "b")))
    assert len(sums) == 4
    assert all(int(number) < 2**20 for pair in sums for number in pair)

    assert not named(browser, "times").is_displayed()
    examples.select_by_visible_text("a carry, then n times 1+0")
    assert values_of(browser, "a", "b", "bits") == ["2^101 - 1", "1", "102"]
    type_in(browser, "times", "1999")
    assert text_of(browser, ".problem") == "n must be a whole number from 1 to 1998"
    examples.select_by_visible_text("13 + 12")
    assert not named(browser, "times").is_displayed()
    assert text_of(browser, ".problem") == ""


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
        named(browser, "play").click()
        assert named(browser, "play").text == "Pause"
        wait_until(lambda: named(browser, "play").text == "Play", browser)
        slider = named(browser, "column")
        assert slider.get_attribute("value") == slider.get_attribute("max")
        assert text_of(browser, ".problem") == ""

        browser.find_element("link text", "Seven and one").click()
        assert values_of(browser, "a", "b", "bits", "column") == ["2^3-1", "1", "5", "3"]
        if change is based:
            wait_until(lambda: browser.current_url.endswith(SEVEN), browser)
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
        named(browser, "next").click()
        for said in browser.find_elements("css selector", ".networks .said"):
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
const slider = document.querySelector("[name=column]");
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
    assert text_of(browser, ".problem") == ""
    wait_until(lambda: browser.current_url.endswith(SEVEN), browser)
    # A link that is typed.
    browser.execute_script("location.hash = 'a=5&b=6'")
    wait_until(lambda: values_of(browser, "a", "b") == ["5", "6"], browser)
    wait_until(lambda: browser.current_url.endswith("#watch&a=5&b=6&bits=4&column=0"), browser)


def test_a_page_whose_scripts_may_not_run_says_so_and_shows_no_dead_control(opened, tmp_path):
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
        # A script makes them all.
        assert len(shown) > 10 or not alive
        assert any(shown) == alive
        assert (needed in text_of(browser, "body")) == (not alive)

    # "Save page as": what a script has made of it, opened where none may run.
    for html in page([RIGHT]), (ROOT / "docs" / "index.html").read_text("utf-8"):
        (tmp_path / "page.html").write_text(html, encoding="utf-8")
        browser.get((tmp_path / "page.html").as_uri())
        saved = browser.execute_script("return document.documentElement.outerHTML")
        (tmp_path / "page.html").write_text(f"<!DOCTYPE html>{saved}", encoding="utf-8")
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        browser.refresh()
        assert not browser.find_element("id", "page").is_displayed()
        assert needed in text_of(browser, "#no-script")
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_the_controls_leave_most_of_the_view_however_much_it_is_enlarged(opened):
    browser = opened([RIGHT], "#a=2^81-1&b=1&column=5")
    covered = """
    scrollTo(0, document.body.scrollHeight / 2);
    const box = document.querySelector(".steps").getBoundingClientRect();
    return [box.top, Math.max(0, box.bottom) / innerHeight];
    """
    # 1280 x 800 at 100, 200 and 400 %; telephones and a tablet.
    sizes = (1280, 800), (640, 400), (320, 200), (390, 844), (844, 390), (360, 640), (768, 1024)
    for width, height in sizes:
        resize(browser, width, height)
        top, share = browser.execute_script(covered)
        # Where there is room, they stay in view.
        assert (top >= 0) == (height >= 640), (width, height)
        assert share <= 0.25, (width, height)
        buttons = named(browser, "next").rect
        scrolled = browser.execute_script("return scrollY")
        assert (buttons["y"] >= scrolled) == (height >= 640), (width, height)
    # A number that is being typed is in view.
    resize(browser, 390, 700)
    type_in(browser, "a", "2")
    browser.execute_script(covered)
    assert browser.execute_script("return scrollY") > 0
    assert browser.execute_script("return document.activeElement.getBoundingClientRect().y") >= 0


def test_all_columns_of_a_long_sum_are_printed(opened):
    browser = opened([RIGHT, RIGHT], "#a=2^81-1&b=2^80%2B1&bits=83&column=83")
    before = text_of(browser, ".networks pre")
    # Runs after the page's own.
    browser.execute_script("""
    addEventListener("beforeprint", () => {
      window.printed = document.querySelector(".networks pre").innerText;
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
        return "".join("".join(block) for block in found)

    a, b = 2**81 - 1, 2**80 + 1
    for name, number in ("a", a), ("b", b), ("writes", a + b), ("true", a + b):
        assert printed(name) == f"{number:083b}"
    # Afterwards it is again as it was.
    assert text_of(browser, ".networks pre") == before

    # On paper, nothing is beyond an edge: A4, less its margins.
    resize(browser, 718, 1000)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    PICTURES.mkdir(parents=True, exist_ok=True)
    browser.save_screenshot(str(PICTURES / "page-print.png"))
    for sum_ in browser.find_elements("css selector", ".networks pre"):
        measured = """
        const [sum] = arguments, { lineHeight } = getComputedStyle(sum);
        return [sum.scrollWidth, sum.clientWidth, sum.clientHeight / parseFloat(lineHeight)];
        """
        width, room, height = browser.execute_script(measured, sum_)
        assert width <= room
        # No line is broken.
        assert round(height) == len(lines)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 718


STARTS_UNDER_NAMES = """
const boxOf = (element) => element.getBoundingClientRect();
return [...document.querySelectorAll(".plane")].filter((plane) => {
  const start = boxOf(plane.querySelector("svg > g:last-child > :first-child"));
  return start.width && [...plane.querySelectorAll(".name")].map(boxOf).some((name) => (
    name.left < start.right && start.left < name.right
      && name.top < start.bottom && start.top < name.bottom));
}).length;
"""


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_the_docs_fits(width, height, scheme, browser):
    """Also leaves screenshots, to be looked at."""
    resize(browser, width, height)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    browser.get(f"{(ROOT / 'docs' / 'index.html').as_uri()}#watch&a=13&b=12&bits=6&column=4")

    PICTURES.mkdir(parents=True, exist_ok=True)
    browser.save_screenshot(str(PICTURES / f"page-{width}-{scheme}.png"))
    # The sum, what steps, and the figures are in the first view.
    seen = browser.execute_script(
        "return [...document.querySelectorAll('.chosen .plane, form, .steps')]"
    )
    assert max(part.rect["y"] + part.rect["height"] for part in seen) <= height
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert len(browser.find_elements("css selector", ".networks > section")) == 3
    assert not browser.execute_script(STARTS_UNDER_NAMES)
    assert not browser.get_log("browser")


# The acts, at first and later: a link, or None to stay; a button to press; and what there is then.
STATES = [
    ("#train", None, "#train canvas"),
    ("#train&go=1", None, "#train .again[aria-disabled=false]"),
    (None, None, "#train .wrong-sum"),
    ("#touch", None, "#touch .shade path"),
    (None, "#touch .pairs :nth-child(4)", "#touch .arrow:not(.hidden)"),
    ("#touch&ball=3&pair=2", None, "#touch .flying"),
    ("#touch&proof=1", None, "#touch .proved:not(:empty)"),
    ("#touch&weight=Ur_0_1&value=-4.5", None, "#touch .wrong-sum"),
    ("#touch&gate=1", None, "#touch .latch:not(:empty)"),
    ("#watch", None, "#watch .chosen .plane"),
    *(
        (f"#watch&a=13&b=12&column=4&network={key}", None, "#watch .chosen .here")
        for key in ("tutorial", "drifting", "two-units")
    ),
]


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_each_act_fits_one_screen_at_first_and_later(width, height, browser):
    resize(browser, width, height)
    for link, button, there in STATES:
        if link:
            browser.get("about:blank")
            browser.get(f"{(ROOT / 'docs' / 'index.html').as_uri()}{link}")
        if button:
            browser.find_element("css selector", button).click()

        def is_there(there=there):
            found = browser.find_elements("css selector", there)
            return any(element.is_displayed() for element in found)

        wait_until(is_there, browser, 120)
        page_width, page_height = browser.execute_script(
            "const page = document.documentElement; return [page.scrollWidth, page.scrollHeight]"
        )
        assert page_width <= width, (link, there)
        assert page_height <= height, (link, there)


@pytest.mark.parametrize(("link", "wrong", "right"), [(0, 1, 3), (1, 2, 3), (2, 1, 3), (2, 2, 3)])
def test_the_tour_of_the_docs_shows_what_it_says(link, wrong, right, browser):
    browser.get(f"{(ROOT / 'docs' / 'index.html').as_uri()}#watch")

    browser.find_elements("css selector", ".tour a")[link].click()

    if link == 0:
        # The column before the wrong one.
        card = text_of(browser, f"{CARD}(1)")
        assert "which is right" in card
        assert "Its state stands neither for a carry nor for none" in card
        named(browser, "next").click()
    assert "wrong; it should be" in text_of(browser, f"{CARD}({wrong}) .said")
    assert "which is right" in text_of(browser, f"{CARD}({right}) .said")
