"""Runs what a page shows, so that the page cannot lie: page.py PATH-OF-AWS-SIMULATOR PAGE.

Every block marked `sh` and `python` is run, in the order of the page, all against one simulator: the `sh` blocks by one
bash, so that its variables stay, the `python` blocks as one script. A block marked otherwise (`text`, `console`) is only shown.
"""

import pathlib
import re
import subprocess
import sys

import simulator

# Speed and times let hooks and boots go by quickly; nothing on the page depends on it.
FLAGS = ("--boot-time", "1s", "--stop-time", "1s")
SHELLS = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}


def blocks(page, language):
    """The page's blocks in this language, as one text."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert found, f"the page has no {language} block"
    return "\n".join(found)


def main(program, page):
    text = pathlib.Path(page).read_text(encoding="utf-8")
    for language, shell in SHELLS.items():
        with simulator.running(program, *FLAGS) as (_, variables):
            environment = simulator.clean_environment(variables)
            # `aws` of the same environment as this Python
            environment["PATH"] = f"{pathlib.Path(sys.executable).parent}:{environment['PATH']}"
            script = blocks(text, language)
            ran = subprocess.run([*shell, script], env=environment, timeout=180, check=False)
            assert ran.returncode == 0, f"the {language} blocks of {page} end with {ran.returncode}"
    print(f"the blocks of {page} did what they say")


main(*sys.argv[1:])
