"""What Streamlit serves: the dashboard, to whoever names this machine by a name of its own.

A page of another site whose name was made to point to 127.0.0.1 (DNS rebinding) has the browser send that
name as Host. Streamlit takes such a page for its own, since Origin and Host agree; here it is refused.
"""

from pathlib import Path

from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from streamlit.starlette import App

OWN_NAMES = ("127.0.0.1", "localhost")

app = App(
    Path(__file__).with_name("app.py"),
    middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=OWN_NAMES)],
)
