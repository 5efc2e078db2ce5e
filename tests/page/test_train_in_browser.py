"""Act 1 of the laboratory in a real browser: it shows what TensorFlow and Python compute."""

import json

import numpy as np
import numpy_gru
import pytest
from chromium import chromium
from common import ROOT

from gru_addition.add import show_sum
from gru_addition.cells.weights import checked_weights
from gru_addition.show import page, page_data

pytestmark = pytest.mark.browser
LABORATORY = ROOT / "docs" / "index.html"
PICTURES = ROOT / "runs" / "browser"
# What a reader may find slow, in milliseconds, and what two engines may differ by.
LONG_TASK, RELATIVE = 50, 1e-10
RIGHT = page_data(numpy_gru.perfect_weights(), "right", "It adds.")

# Keep all that is told, and all that a screen reader says.
NOTE_SENTENCES = """
for (const [name, selector] of [["sentences", "#train .said"], ["heard", "#said"]]) {
  const element = document.querySelector(selector), texts = window[name] = [];
  const note = () => { if (texts.at(-1) !== element.textContent) texts.push(element.textContent); };
  new MutationObserver(note).observe(element, { childList: true, subtree: true });
}
"""


@pytest.fixture
def browser(tmp_path):
    with chromium(tmp_path, is_traced=True) as browser:
        yield browser


@pytest.fixture
def opened(browser, tmp_path):
    """A function that opens the laboratory at a link.

    change: makes of it, as text, what is opened.
    """

    def open_laboratory(link="", change=str):
        changed = tmp_path / "laboratory.html"
        changed.write_text(change(LABORATORY.read_text("utf-8")), "utf-8")
        browser.get("about:blank")
        browser.get(f"{changed.as_uri()}{link}")
        return browser

    return open_laboratory


def find(browser, selector):
    return browser.find_element("css selector", f"#train {selector}")


def text_of(browser, selector):
    return find(browser, selector).get_attribute("textContent")


def click(browser, selector):
    browser.execute_script("arguments[0].click()", find(browser, selector))


def wait_until(condition, browser, seconds=120):
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(browser, seconds, poll_frequency=0.05).until(lambda _: condition())


def done(browser):
    """How many iterations the page shows."""
    words = text_of(browser, ".progress").split()
    return int(words[1]) if words else 0


def resize(browser, width, height):
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def type_in(browser, name, text):
    from selenium.webdriver import Keys

    field = find(browser, f"[name={name}]")
    field.send_keys(Keys.CONTROL, "a", Keys.NULL, Keys.DELETE, text, Keys.TAB)
    return field


def picture(browser, name):
    PICTURES.mkdir(parents=True, exist_ok=True)
    browser.save_screenshot(str(PICTURES / f"train-{name}.png"))


def busy_times(browser):
    """How long the tasks of the main threads computed since a page's mark "start", in milliseconds.

    By the clock a task takes longer if it waits while others compute.
    """
    logged = (json.loads(entry["message"])["message"] for entry in browser.get_log("performance"))
    events = [event["params"] for event in logged if event["method"] == "Tracing.dataCollected"]
    (start,) = (event["ts"] for event in events if event["name"] == "start")
    threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = [event for event in events if event["name"].endswith("RunTask") and "tdur" in event]
    return [
        event["tdur"] / 1000
        for event in tasks
        if (event["pid"], event["tid"]) in threads and event["ts"] > start
    ]


def test_the_tutorial_trains_with_tensorflows_numbers_and_the_page_stays_free(opened, golden):
    record = golden("tf-1.3.0", 0)
    losses = record["train_losses"], record["validation_losses"]
    browser = opened()
    wait_until(lambda: find(browser, ".losses canvas"), browser)
    picture(browser, "start")
    browser.execute_script(NOTE_SENTENCES)
    browser.execute_script("performance.mark('start')")
    click(browser, ".go")
    for name, iteration in (("plateau", 700), ("drop", 1300), ("apart", 1700)):
        wait_until(lambda least=iteration: done(browser) >= least, browser)
        picture(browser, name)
    wait_until(lambda: "smallest wrong sum:" in text_of(browser, ".verdict"), browser)
    picture(browser, "end")

    times = busy_times(browser)
    assert len(times) > 1000
    assert max(times) < LONG_TASK
    print(f"the longest of {len(times)} tasks: {max(times):.0f} ms")

    sentences, heard = browser.execute_script("return [window.sentences, window.heard]")
    begins = (
        "The test loss is still above",
        "The plateau:",
        "The loss drops.",
        "States with and without a carry lie apart",
        "Learnt: 100 of 100",
        "Done in",
    )
    places = [
        next(i for i, said in enumerate(sentences) if said.startswith(begin)) for begin in begins
    ]
    assert places == sorted(places)
    # Each phase stays to be read.
    story = text_of(browser, ".story ol")
    assert [story.find(begin) >= 0 for begin in begins] == [True] * 5 + [False]
    assert story.endswith("5,000: the end.")
    # A screen reader is told less often, and the end.
    assert 2 <= len(heard) < len(sentences) / 2
    assert heard[-1].startswith("Done in")
    assert heard[-1].endswith("12 + 13 is 25, not 17.")

    click(browser, ".golden summary")
    lines = text_of(browser, ".lines pre").splitlines()
    assert lines == [
        f"Iteration: {i}, train loss: {losses[0][i]:.4f}, test loss: {losses[1][i]:.4f}"
        for i in range(0, 5000, 50)
    ]
    rows = browser.find_elements("css selector", "#train .golden tbody tr")
    assert len(rows) == 11
    for row in rows:
        iteration, there, here, test, training = row.get_attribute("innerText").split()
        assert float(there) == pytest.approx(losses[1][int(iteration)], rel=1e-8)
        assert float(here) == pytest.approx(losses[1][int(iteration)], rel=1e-8)
        assert max(float(test), float(training)) < RELATIVE
    assert text_of(browser, ".asked pre") == show_sum(1024, 16, 1040, 20)
    # 13 + 12 is what the page is about; 12 + 13 comes first.
    assert text_of(browser, ".wrong-sum") == show_sum(12, 13, 17, 5)
    assert "100 of 100 test sums are right" in text_of(browser, ".said")
    assert "100 of 100" in find(browser, ".states svg").get_attribute("aria-label")
    assert "test 0.0028" in find(browser, ".losses .plot").get_attribute("aria-label")

    assert text_of(browser, ".files a") == "Watch it add 12 + 13"
    click(browser, ".files a")
    assert browser.current_url.endswith("#watch&a=12&b=13&bits=5&column=4&network=trained")
    assert browser.switch_to.active_element.get_attribute("id") == "watch"
    watch = browser.find_element("id", "watch")
    assert "Just trained (settings: the tutorial's)" in watch.text
    assert "The same numbers as the tutorial's network" in watch.text
    assert "wrong; it should be 1" in watch.text


def test_a_run_stays_until_the_next_and_then_beside_it(opened):
    browser = opened("#train&iterations=20&go=1")
    wait_until(lambda: "smallest wrong sum" in text_of(browser, ".verdict"), browser)
    verdict = text_of(browser, ".verdict")
    field = find(browser, "[name=penalty]")
    about = browser.find_element("id", field.get_attribute("aria-describedby"))
    assert "squared Jacobian" in about.text
    assert text_of(browser, ".training") == "— training"
    type_in(browser, "noise", "0.1")
    assert text_of(browser, ".said").startswith("The next run: iterations 20, noise 0.1.")
    assert (text_of(browser, ".verdict"), text_of(browser, ".go")) == (verdict, "Train")
    type_in(browser, "noise", "2")
    click(browser, ".go")
    assert text_of(browser, ".said").startswith("Nothing was trained. Noise must be")
    assert text_of(browser, ".verdict") == verdict
    type_in(browser, "noise", "0")

    # Whoever tries a value sees what comes of it.
    find(browser, "[aria-label='Penalty: try 0.01']").click()
    assert field.get_attribute("value") == "0.01"
    assert text_of(browser, ".training") == "— training, with the penalty"
    assert text_of(browser, ".before p").startswith("Settings: iterations 20. ")
    assert find(browser, ".before .marks").is_displayed()
    wait_until(lambda: "smallest wrong sum" in text_of(browser, ".verdict"), browser)
    click(browser, ".step")
    assert text_of(browser, ".said") == "The training is over: press Train again."
    click(browser, ".files a")
    watch = browser.find_element("id", "watch")
    assert "Just trained (settings: iterations 20, penalty 0.01)" in watch.text


def test_enter_in_a_setting_trains_or_says_what_is_wrong(opened):
    from selenium.webdriver import Keys

    browser = opened("#train&iterations=20")
    field = find(browser, "[name=units]")
    field.send_keys(Keys.CONTROL, "a", Keys.NULL, "33", Keys.ENTER)
    heard = browser.find_element("id", "said").get_attribute("textContent")
    assert heard == "Nothing was trained. Units must be a whole number from 1 to 32."
    field.send_keys(Keys.BACKSPACE, Keys.ENTER)
    wait_until(lambda: done(browser) == 20, browser)
    assert browser.switch_to.active_element == field
    wait_until(lambda: "units=3" in browser.current_url, browser)


def test_stop_go_on_step_and_start_again_give_the_numbers_of_an_uninterrupted_run(opened, golden):
    from selenium.webdriver import Keys

    losses = golden("tf-1.3.0", 1)["validation_losses"]
    browser = opened("#train&seed=1&iterations=400")
    assert text_of(browser, ".settings summary") == "Settings: seed 1, iterations 400"
    assert find(browser, ".again").get_attribute("aria-disabled") == "true"

    for number in (1, 2):
        # By the keyboard: the button keeps the focus.
        find(browser, ".step").send_keys(Keys.ENTER)
        wait_until(lambda number=number: done(browser) == number, browser)
        assert browser.switch_to.active_element == find(browser, ".step")
    assert f"test {losses[1]:.4f}" in text_of(browser, ".progress")
    click(browser, ".go")
    wait_until(lambda: done(browser) > 20, browser)
    click(browser, ".go")
    wait_until(lambda: text_of(browser, ".go") == "Go on", browser)
    stopped = done(browser)
    click(browser, ".go")
    wait_until(lambda: text_of(browser, ".go") == "Train again", browser)
    wait_until(lambda: done(browser) == 400, browser)

    assert 20 < stopped < 400
    assert f"test {losses[399]:.4f}" in text_of(browser, ".progress")
    assert find(browser, ".step").get_attribute("aria-disabled") == "true"
    click(browser, ".again")
    assert (text_of(browser, ".progress"), text_of(browser, ".go")) == ("", "Train")
    wait_until(lambda: browser.current_url.endswith("#train&seed=1&iterations=400&go=1"), browser)


def test_what_is_not_allowed_is_refused_beside_the_field_and_the_default_is_a_click_away(opened):
    browser = opened()
    refused = {
        "seed": ("4294967296", "Seed must be a whole number from 0 to 4294967295"),
        "bits": ("25", "Bits must be a whole number from 2 to 24"),
        "sums": ("1e2", "Sums must be a whole number from 1 to 1000"),
        "batch": ("101", "Mini-batches must be of at most 100, all sums"),
        "units": ("0", "Units must be a whole number from 1 to 32"),
        "iterations": ("", "Iterations must be a whole number from 1 to 100000"),
        "rate": ("0", "Learning rate must be a number from 1e-9 to 1"),
        "noise": ("-1", "Noise must be a number from 0 to 1"),
        "penalty": ("1001", "Penalty must be a number from 0 to 1000"),
    }
    for name, (typed, message) in refused.items():
        field = type_in(browser, name, typed)
        row = field.find_element("xpath", "../..")
        assert row.find_element("css selector", "[role=alert]").text == message
        # Nothing is changed silently.
        assert field.get_attribute("value") == typed
        row.find_element("css selector", "button").click()
        assert row.find_element("css selector", "[role=alert]").text == ""
        assert "↩" not in row.find_element("css selector", "button").text
    assert text_of(browser, ".settings summary") == "Settings: the tutorial's"

    type_in(browser, "units", "33")
    click(browser, ".go")
    assert text_of(browser, ".go") == "Train"
    assert browser.switch_to.active_element.get_attribute("name") == "units"

    type_in(browser, "units", "2")
    find(browser, "[name=fresh]").click()
    wait_until(lambda: browser.current_url.endswith("#train&units=2&fresh=1"), browser)
    assert "not for units 2" in text_of(browser, ".golden")


def test_a_link_sets_what_it_names_and_one_that_is_not_allowed_is_refused(opened):
    browser = opened("#train&seed=3&bits=4&units=2&rate=0.01&batch=20&iterations=30&go=1")
    wait_until(lambda: done(browser) == 30, browser)
    names = "seed", "bits", "units", "rate", "batch", "iterations"
    fields = [find(browser, f"[name={name}]").get_attribute("value") for name in names]
    assert fields == ["3", "4", "2", "0.01", "20", "30"]

    for link, message in {
        "units=33": "Units must be a whole number from 1 to 32",
        "width=2": "width=2 must be a value of seed, bits, sums,",
        "batch=20&fresh=1": "Mini-batches must be left empty",
    }.items():
        browser = opened(f"#train&{link}&go=1")
        problem = find(browser, ".problem")
        assert problem.get_attribute("role") == "alert"
        assert problem.text.startswith(f"The link can't be read: {message}")
        assert text_of(browser, ".go") == "Train"


def test_a_training_that_diverges_says_so_and_one_without_a_worker_too(opened):
    # No setting that is allowed makes it diverge.
    browser = opened("#train&go=1", lambda text: text.replace("Math.tanh(", "1e200 * Math.tanh("))
    wait_until(lambda: "It diverges and has stopped" in text_of(browser, ".problem"), browser)
    assert text_of(browser, ".go") == "Train again"

    browser = opened(
        "#train&go=1", lambda text: text.replace("<head>", "<head><script>Worker = null</script>")
    )
    wait_until(lambda: "starts no worker" in text_of(browser, ".problem"), browser)
    assert text_of(browser, ".go") == "Train"


def test_weights_are_downloaded_and_files_are_read_or_refused(opened, tmp_path):
    browser = opened("#train&units=3&iterations=2&go=1")
    where = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", where)
    wait_until(lambda: done(browser) == 2, browser)
    click(browser, ".save")
    file = tmp_path / "gru-seed-0.json"
    wait_until(file.exists, browser)

    saved = json.loads(file.read_text("utf-8"))
    cell, weights = checked_weights(saved["weights"])
    assert (cell, saved["resolution"]) == ("gru", None)
    assert {name: np.shape(weight) for name, weight in weights.items()} == {
        **{f"W{gate}": (2, 3) for gate in "rzh"}, **{f"U{gate}": (3, 3) for gate in "rzh"},
        **{f"b{gate}": (3,) for gate in "rzh"}, "W_output": (3, 1), "b_output": (1,),
    }  # fmt: skip

    def read(name, text):
        (tmp_path / name).write_text(text, "utf-8")
        find(browser, "[type=file]").send_keys(str(tmp_path / name))

    short = {**saved["weights"], "Uz": [[0, 0, 0]] * 2}
    for text, reason in {
        "not JSON": "it holds neither weights in JSON nor a page of networks",
        "<!DOCTYPE html><p>Hello.</p>": "it holds neither weights in JSON nor a page of networks",
        "[]": "its cell must be gru, elman, lstm",
        json.dumps({**saved, "weights": short}): "Uz must be numbers of shape (3, 3)",
        json.dumps(
            {**saved, "resolution": 0.5}
        ): "its resolution must be null or a whole number above 0",
        json.dumps({**saved, "cell": "elman"}): "elman has no weights",
    }.items():
        read("some.json", text)
        wait_until(lambda reason=reason: reason in text_of(browser, ".problem"), browser, 10)

    read("mine.json", json.dumps(saved))
    watch = browser.find_element("id", "watch")
    wait_until(lambda: "mine.json" in watch.text, browser, 10)
    browser.execute_script("location.hash = '#train'")
    read("page.html", page([RIGHT]))
    wait_until(lambda: "It adds." in watch.text, browser, 10)


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_button_and_both_plots_are_in_the_first_view(width, height, opened):
    browser = opened()
    resize(browser, width, height)
    click(browser, ".go")
    wait_until(lambda: done(browser) > 300, browser)
    picture(browser, str(width))
    page_width, page_height = browser.execute_script(
        "const page = document.documentElement; return [page.scrollWidth, page.scrollHeight]"
    )
    assert page_width <= width
    assert page_height <= height
    for selector in (".go", ".said", ".losses canvas", ".states svg"):
        place = find(browser, selector).rect
        assert place["y"] >= 0
        assert place["y"] + place["height"] <= height
        assert place["width"] > 0
    folded = [
        find(browser, f".{name}").get_attribute("open") for name in ("settings", "lines", "golden")
    ]
    assert folded == ["true" if width > 600 else None, None, None]
