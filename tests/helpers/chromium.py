"""What the tests in a browser share: the browser."""

import shutil

import pytest


@pytest.fixture
def browser(tmp_path):
    from selenium import webdriver

    names = "chromium", "chromium-browser", "google-chrome"
    found = [path for path in map(shutil.which, names) if path is not None]
    if not found or shutil.which("chromedriver") is None:
        pytest.fail("Chromium and ChromeDriver must be installed, and on the PATH")
    options = webdriver.ChromeOptions()
    options.binary_location = found[0]
    flags = "headless no-sandbox disable-gpu no-first-run disable-sync disable-component-update"
    flags += f" disable-background-networking window-size=1280,900 user-data-dir={tmp_path}"
    for flag in flags.split():
        options.add_argument(f"--{flag}")
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    with webdriver.Chrome(options, service) as browser:
        yield browser
