"""A simulator that runs as long as a script needs it, reached as its own how-to says."""

import contextlib
import json
import os
import re
import shlex
import subprocess
import tempfile
import time
import urllib.request


@contextlib.contextmanager
def running(program, *flags):
    """Starts it, and yields its endpoint and the variables that it tells its user to export."""
    with tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen(
            [program, "serve", *flags], stdout=subprocess.PIPE, stderr=told, text=True
        )
        try:
            endpoint = process.stdout.readline().strip()
            told.seek(0)
            how_to = told.read()
            assert endpoint.startswith("http://"), f"no endpoint; it says: {how_to}"
            yield endpoint, exports(how_to)
        finally:
            process.terminate()
            process.wait()


def exports(how_to):
    """The variables of its `export` line."""
    line = re.search(r"^\s*export (.*)$", how_to, re.MULTILINE)
    assert line, f"it does not say what to export: {how_to}"
    return dict(word.split("=", 1) for word in shlex.split(line.group(1)))


def clean_environment(variables):
    """Ours without anything that points to another AWS, and with these variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_PAGER": ""}
    # The simulator is on loopback: no proxy has anything to do with it.
    return {**kept, **nowhere, **variables, "NO_PROXY": "*", "no_proxy": "*"}


def instances(endpoint):
    """All instances as the simulator itself lists them, by id."""
    with urllib.request.urlopen(f"{endpoint}/_simulator/instances") as answer:
        return {row["id"]: row for row in json.load(answer)}


def wait_until(what, look, seconds=30):
    """What `look` returns, once that is true."""
    end = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < end, f"waited {seconds} s until {what}"
        time.sleep(0.05)
    return seen
