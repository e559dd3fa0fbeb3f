"""Starts the example server on a port that it picks, on a database of its own, and ends it."""

import json
import re
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request
from pathlib import Path

START_SECONDS = 30
COMMAND_SECONDS = 60


class ExampleServer:
    """A running server; use it as a context manager."""

    def __init__(self, binary):
        self.binary = str(binary)
        self.folder = tempfile.TemporaryDirectory(prefix="interop-")
        self.database = f"sqlite:{Path(self.folder.name) / 'server.sqlite'}"
        self.process = None
        self.url = None

    def __enter__(self):
        self.process = subprocess.Popen(
            [self.binary, "serve", "--listen", "127.0.0.1:0", "--database", self.database],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines = []
        found = threading.Event()

        def read():
            for line in self.process.stdout:
                self.lines.append(line)
                address = re.search(r"http://127\.0\.0\.1:\d+", line)
                if address and self.url is None:
                    self.url = address.group(0)
                    found.set()
            found.set()

        threading.Thread(target=read, daemon=True).start()
        found.wait(START_SECONDS)
        if self.url is None:
            self.__exit__()
            raise SystemExit("the server did not start:\n" + "".join(self.lines))
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.folder.cleanup()

    def command(self, *arguments):
        """Runs a command of the server beside the running one; what it prints on stdout."""
        done = subprocess.run(
            [self.binary, *arguments, "--database", self.database],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )
        if done.returncode != 0:
            raise SystemExit(f"server {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout.strip()

    def path(self, name):
        return Path(self.folder.name) / name


class Browser:
    """A plain HTTP client that keeps cookies and shows each redirect instead of following it."""

    def __init__(self):
        self.cookies = {}

    def request(self, url, body=None, headers=None):
        headers = dict(headers or {})
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        request = urllib.request.Request(url, data=body, headers=headers)
        opener = urllib.request.build_opener(_NoRedirect)
        try:
            answer = opener.open(request, timeout=COMMAND_SECONDS)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            for cookie in answer.headers.get_all("Set-Cookie") or []:
                name, _, rest = cookie.partition("=")
                self.cookies[name.strip()] = rest.partition(";")[0]
            return answer.status, answer.headers, answer.read().decode()

    def json(self, url):
        status, _, text = self.request(url, headers={"Accept": "application/json"})
        return status, json.loads(text)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def expect(what, condition, detail=""):
    """Prints one line a check and stops at the first that does not hold."""
    print(f"   {'ok' if condition else 'FAILED'}: {what}", flush=True)
    if not condition:
        raise SystemExit(f"{what}: {detail}")
