"""A page of another origin, and one whose name was made to point to this machine, in a real browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium
from tests.browser.served import Served
from tests.shop import Shop

# What took over the stack once: requests that a page may send without asking (no-cors), and with asking.
ATTACK = """
async ([endpoint, role]) => {
  const today = new Date().toISOString().slice(0, 10).replace(/-/g, "");
  const scope = service => `test/${today}/us-east-1/${service}/aws4_request`;
  const query = service => `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${encodeURI(scope(service))}`;
  const authorization = service => ({Authorization:
    `AWS4-HMAC-SHA256 Credential=${scope(service)}, SignedHeaders=host, Signature=${"0".repeat(64)}`});
  const user = name => `Action=CreateUser&UserName=${name}&Version=2010-05-08`;
  const attempts = [
    ["/?" + user("page-get") + "&" + query("iam"), {mode: "no-cors"}],
    ["/", {mode: "no-cors", method: "POST", body: new URLSearchParams(user("page-post"))}],
    ["/", {method: "POST", body: new URLSearchParams(user("page-cors")), headers: authorization("iam")}],
    ["/page-bucket?" + query("s3"), {method: "PUT", headers: authorization("s3")}],
    ["/_ministack/reset", {mode: "no-cors", method: "POST"}],
    ["/_ministack/config", {mode: "no-cors", method: "POST", body: '{"AUTH": "false"}'}],
    ["/_salescast/assume-service-role", {mode: "no-cors", method: "POST", body: JSON.stringify(role)}],
    ["/_salescast/assume-service-role", {method: "POST", body: JSON.stringify(role)}],
    ["/_salescast/health", {}],
  ];
  const answers = [];
  for (const [path, options] of attempts) {
    try {
      const response = await fetch(endpoint + path, options);
      answers.push(response.type === "opaque" ? "" : await response.text());
    } catch (error) {
      answers.push("");
    }
  }
  return answers.join("");
}
"""


@contextmanager
def another_site() -> Iterator[str]:
    """An empty page of another origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_page_of_another_origin_changes_nothing_and_reads_nothing(browser: Browser, shop: Shop) -> None:
    stack = shop.stack
    iam = stack.session.client("iam", endpoint_url=stack.endpoint)
    role = {
        "RoleArn": next(role["Arn"] for role in iam.list_roles()["Roles"] if "Pipe" in role["RoleName"]),
        "Service": "pipes.amazonaws.com",
        "SourceArn": stack.pipes.describe_pipe(Name=stack.resource("AWS::Pipes::Pipe"))["Arn"],
        "SourceAccount": "000000000000",
    }
    before = {bucket["Name"] for bucket in stack.s3.list_buckets()["Buckets"]}
    with another_site() as site:
        page = browser.new_page()
        page.goto(site)
        assert page.evaluate(ATTACK, [stack.endpoint, role]) == ""
        page.close()
    assert not any(user["UserName"].startswith("page-") for user in iam.list_users()["Users"])
    assert {bucket["Name"] for bucket in stack.s3.list_buckets()["Buckets"]} == before
    assert stack.description["StackStatus"].endswith("_COMPLETE"), "reset would have taken it away"


@pytest.mark.parametrize("port_of", ["the stack", "the dashboard"])
def test_a_name_that_was_made_to_point_here_is_refused(
    browser: Browser, shop: Shop, dashboard: Served, port_of: str
) -> None:
    address = urlsplit(str(shop.stack.endpoint) if port_of == "the stack" else dashboard.url)
    arguments = chromium.arguments("--host-resolver-rules=MAP rebound.test 127.0.0.1")
    misled = browser.browser_type.launch(executable_path=chromium.find(), args=arguments)
    with closing(misled):
        page = misled.new_page()
        response = page.goto(f"http://rebound.test:{address.port}/")
        assert response is not None
        assert response.status in (400, 403)
        if port_of == "the dashboard":
            opened = page.evaluate(
                """() => new Promise(done => {
                  const socket = new WebSocket(`ws://${location.host}/_stcore/stream`);
                  socket.onopen = () => done(true);
                  socket.onerror = () => done(false);
                })"""
            )
            assert opened is False
