"""Chromium, for the tests of pages."""

import shutil
from contextlib import contextmanager

import pytest


@contextmanager
def chromium(directory, is_traced=False):
    """Chromium without a window, driven by selenium.

    directory: where it may write. is_traced: whether it tells how long its threads were busy.
    """
    from selenium import webdriver

    names = "chromium", "chromium-browser", "google-chrome"
    found = [path for path in map(shutil.which, names) if path is not None]
    if not found or shutil.which("chromedriver") is None:
        pytest.fail("Chromium and ChromeDriver must be installed, and on the PATH")
    options = webdriver.ChromeOptions()
    options.binary_location = found[0]
    flags = "headless no-sandbox disable-gpu no-first-run disable-sync disable-component-update"
    flags += f" disable-background-networking window-size=1280,900 user-data-dir={directory}"
    for flag in flags.split():
        options.add_argument(f"--{flag}")
    if is_traced:
        options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
        traced = {"traceCategories": "toplevel,blink.user_timing"}
        traced |= {"enableNetwork": False, "enablePage": False}
        options.add_experimental_option("perfLoggingPrefs", traced)
    with webdriver.Chrome(
        options, webdriver.ChromeService(shutil.which("chromedriver"))
    ) as browser:
        yield browser
