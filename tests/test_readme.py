"""What the README shows is what the program prints."""

import re
import subprocess
import sys

from conftest import ROOT, environment

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_session_shown_is_the_commands_output(default_command):
    process, _ = default_command
    (shown,) = [text for _, text in BLOCKS if "Iteration: 0," in text]
    without_time = re.compile(r"in \d+\.\d s")

    printed = without_time.sub("", process.stdout).splitlines()
    for line in without_time.sub("", shown).splitlines():
        assert line == "..." or line in printed


def test_the_wrong_sum_shown_is_the_networks(default_command):
    _, directory = default_command
    (position,) = [i for i, (_, text) in enumerate(BLOCKS) if "add(13, 12)" in text]
    code, output = BLOCKS[position][1], BLOCKS[position + 1][1]

    printed = subprocess.check_output(
        [sys.executable, "-c", code], cwd=directory, env=environment(), text=True
    )

    assert printed == output


def test_every_local_link_leads_somewhere():
    targets = re.findall(r"\]\((?!https://)([^)]+)\)", README)

    assert targets
    for target in targets:
        assert (ROOT / target).exists(), target
