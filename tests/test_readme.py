"""What the README shows is what the program prints."""

import os
import re
import subprocess
import sys
from pathlib import Path

from conftest import ROOT, contents, environment

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_session_shown_is_the_commands_output(default_command):
    process, _ = default_command
    (shown,) = [text for _, text in BLOCKS if "Iteration: 0," in text]
    without_time = re.compile(r"in \d+\.\d s")

    printed = without_time.sub("", process.stdout).splitlines()
    for line in without_time.sub("", shown).splitlines():
        assert line == "..." or line in printed


def run(command, directory):
    """Return what a shell prints for a command, on a terminal where all output is one."""
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", command],
        cwd=directory, env=environment() | {"PATH": programs}, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ).stdout  # fmt: skip


def test_the_commands_shown_print_what_is_shown(default_command):
    _, directory = default_command
    shown = [text.removeprefix("$ ").split("\n", 1) for _, text in BLOCKS if text.startswith("$ ")]

    assert len(shown) == 3
    for command, output in shown:
        assert run(command, directory) == output


def test_the_python_code_that_asks_for_a_sum_prints_the_columns_shown(default_command):
    _, directory = default_command
    (code,) = [text for _, text in BLOCKS if "add(13, 12)" in text]
    (columns,) = [text for _, text in BLOCKS if "add 13 12 --show-bits" in text]

    printed = subprocess.check_output(
        [sys.executable, "-c", code], cwd=directory, env=environment(), text=True
    )

    assert printed.splitlines() == columns.splitlines()[1:-1]


def test_the_files_listed_are_those_of_a_run(default_command):
    _, directory = default_command
    (table,) = re.findall(r"^`runs/latest` then holds\n\n(.*?)\n\n", README, re.M | re.S)
    listed = re.findall(r"`([^`]+)`", "".join(row.split("|")[1] for row in table.splitlines()))

    assert sorted(listed) == sorted(contents(directory / "runs" / "latest"))


def test_every_local_link_leads_somewhere():
    targets = re.findall(r"\]\((?!https://)([^)]+)\)", README)

    assert targets
    for target in targets:
        assert (ROOT / target).exists(), target
