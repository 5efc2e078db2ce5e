"""Record the laboratory in motion, `docs/laboratory.webp`, for the README.

    python examples/animation.py

It needs Chromium, ChromeDriver and selenium, which the extra [browser] brings. `make animation`
does the same, in half a minute.
"""

import io
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests" / "helpers"))
from chromium import chromium  # noqa: E402

SIZE, SHOWN_WIDTH = (1280, 800), 800
# What is recorded: a link, for how many seconds, a picture every so many seconds of it, and what is
# pressed at first.
SCENES = [("#train&go=1", 11, 0.7), ("#touch", 3, 0.3, ".start-proof")]
SCENES += [(f"#watch&a=13&b=12&column={column}", 1, 1) for column in (1, 2, 3, 4)]
# How long a picture is shown, in milliseconds, and the last of a scene.
SHOWN, LAST_SHOWN = 500, 2000
MOST_BYTES = 1_000_000


def main():
    with tempfile.TemporaryDirectory() as directory, chromium(directory) as browser:
        scenes = [[*record(browser, *scene)] for scene in SCENES]
    pictures = [picture for scene in scenes for picture in scene]
    durations = []
    for scene in scenes:
        durations += [SHOWN] * (len(scene) - 1) + [LAST_SHOWN]
    target, content = ROOT / "docs" / "laboratory.webp", io.BytesIO()
    first, *others = pictures
    # It plays once: what moves for ever beside a text disturbs those who read it.
    first.save(
        content, "WEBP", save_all=True, append_images=others, loop=1, quality=60,
        duration=durations,
    )  # fmt: skip
    if len(content.getvalue()) > MOST_BYTES:
        sys.exit(f"the animation has {len(content.getvalue()):,} bytes, more than {MOST_BYTES:,}")
    target.write_bytes(content.getvalue())
    print(
        f"{target.relative_to(ROOT)}: {len(pictures)} pictures, {len(content.getvalue()):,} bytes"
    )


def record(browser, link, seconds, every, pressed=None):
    """Yield pictures of the page while it shows what a link names, after a button is pressed."""
    size = {"width": SIZE[0], "height": SIZE[1], "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get("about:blank")
    browser.get(f"{(ROOT / 'docs' / 'index.html').as_uri()}{link}")
    if pressed is not None:
        browser.find_element("css selector", pressed).click()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        picture = Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")
        yield picture.resize((SHOWN_WIDTH, SHOWN_WIDTH * SIZE[1] // SIZE[0]), Image.LANCZOS)
        time.sleep(every)


if __name__ == "__main__":
    main()
