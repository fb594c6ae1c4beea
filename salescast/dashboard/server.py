"""Serves the dashboard on this machine, until Ctrl-C."""

import importlib
import socket
import sys
import threading
import urllib.request
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from salescast.stack import optional_libraries
from salescast.stack.errors import SalescastError
from salescast.stack.polling import poll

ADDRESS = "127.0.0.1"
PORT = 8501
# In a folder of its own: what stands in a folder `pages` beside the script, Streamlit takes for pages itself.
APP = Path(__file__).parent / "app" / "asgi.py"
START_SECONDS = 60.0
POLL_SECONDS = 0.1
# After every look Streamlit would walk through all objects, which takes longer than many looks, and all the
# while see whether a source file has changed.
QUIET = {"runner.postScriptGC": "false", "server.fileWatcherType": "none"}
# Streamlit imports these when it shows the first table.
USED_BY_STREAMLIT = ("pandas", "pyarrow")


def serve(state: Path, name: str | None, port: int, *, browser: bool, report: Callable[[str], None]) -> None:
    """Serve until interrupted; `report` gets the address once it answers.

    It listens on loopback only, since whoever reaches it can query the lake. Raises SalescastError for a
    port that is taken, and where the dashboard's libraries are not installed.
    """
    optional_libraries.require_dashboard("altair", "polars", "streamlit")
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            free.bind((ADDRESS, port))
        except OSError as error:
            raise SalescastError(
                f"port {port} is taken; choose another with --port, or end the dashboard that runs there"
            ) from error
    url = f"http://{ADDRESS}:{port}"
    threading.Thread(target=_announce, args=(url, browser, report), daemon=True).start()
    # What the pages import is imported once here, so that the first look at a page does not wait for it.
    from streamlit.web import cli

    from salescast.dashboard.pages import ask, customers, now, sales, stock, trust  # noqa: F401

    for library in USED_BY_STREAMLIT:
        importlib.import_module(library)
    threading.Thread(target=_warm, args=(state, name), daemon=True).start()
    arguments = ["--state", str(state), *(["--stack", name] if name else [])]
    options = {"server.port": str(port), "server.address": ADDRESS, **QUIET}
    settings = [word for option, value in options.items() for word in (f"--{option}", value)]
    sys.argv = ["streamlit"]
    cli.main(["run", str(APP), *settings, "--", *arguments], standalone_mode=False)


def _announce(url: str, browser: bool, report: Callable[[str], None]) -> None:
    poll(lambda: _answers(url), bool, pause=POLL_SECONDS, seconds=START_SECONDS)
    report(f"the dashboard is at {url}; Ctrl-C ends it")
    if browser:
        webbrowser.open(url)


def _warm(state: Path, name: str | None) -> None:
    """Ask what the first page asks, so that it is there when the browser is."""
    # They need the dashboard's libraries, which `serve` asks for first.
    from salescast.dashboard.pages import now
    from salescast.dashboard.target import Target
    from salescast.dashboard.view import View

    with suppress(SalescastError, BotoCoreError, ClientError, OSError):
        view = View.open(Target(state, name))
        view.pulse.beat()
        now.asked(view, datetime.now(UTC), 0.0)
        view.answers.shelf()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):  # noqa: S310, our own address
            return True
    except OSError:
        return False
