"""What the README shows is what the program prints."""

import re
import shlex
import subprocess

from common import ROOT, contents, run_code, run_module

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_session_shown_is_the_commands_output(default_command):
    process, _ = default_command
    (shown,) = [text for _, text in BLOCKS if "Iteration: 0," in text]
    without_time = re.compile(r"in \d+\.\d s")

    printed = without_time.sub("", process.stdout).splitlines()
    for line in without_time.sub("", shown).splitlines():
        assert line == "..." or line in printed


def test_the_commands_shown_print_what_is_shown(default_command):
    _, directory = default_command
    shown = [text.removeprefix("$ ").split("\n", 1) for _, text in BLOCKS if text.startswith("$ ")]

    assert len(shown) == 3
    for command, output in shown:
        before, _, command = command.rpartition(" | ")
        stdin = subprocess.check_output(["bash", "-c", before], text=True)
        python, option, module, *arguments = shlex.split(command)
        process = run_module(module, *arguments, cwd=directory, input=stdin)
        assert (python, option) == ("python", "-m")
        assert process.stdout + process.stderr == output


def test_the_python_code_that_asks_for_a_sum_prints_the_columns_shown(default_command):
    _, directory = default_command
    (code,) = [text for _, text in BLOCKS if "add(13, 12)" in text]
    (columns,) = [text for _, text in BLOCKS if "add 13 12 --show-bits" in text]

    printed = run_code(code, cwd=directory)

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
