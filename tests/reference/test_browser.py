"""The page in a real browser: it shows the operations, sends a call with a token, and asks no other host."""

import json
from collections.abc import Iterator
from functools import partial

import httpx
import pytest

from tests.support.browser import CONTROL, DOWN, ENTER, ESCAPE, Browser, browsing
from tests.support.server import Server, running

MARKUP = "<img src=x onerror=alert(1)><script>alert(2)</script>"

READ = "getCustomer"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the demonstration, of which nothing needs to stay as it is."""
    with running(tmp_path_factory.mktemp("shown") / "data") as started:
        yield started


@pytest.fixture(scope="module")
def started() -> Iterator[Browser]:
    """One browser for all tests of the page."""
    with browsing() as browser:
        yield browser


@pytest.fixture
def browser(started: Browser, shown: Server) -> Iterator[Browser]:
    """The browser with the page open; afterwards nothing may have been complained about or asked of another host."""
    started.complaints()
    started.asked()
    started.open(f"{shown.url}/docs")
    started.find("nav a")
    yield started
    assert started.complaints() == []
    asked = [each for each in started.asked() if not each.startswith(("data:", "about:"))]
    assert asked != []
    assert [each for each in asked if not each.startswith(f"{shown.url}/")] == []


def send(browser: Browser) -> tuple[str, str]:
    """Send the request that is shown; the status and the body of the answer."""
    browser.find("button[type=submit]").click()
    return browser.find(".answer .status").text, browser.find(".answer pre").text


def choose(browser: Browser, operation: str) -> None:
    """Open an operation from the list, and wait until it is the one that is marked there."""
    browser.find(f"nav a[href='#{operation}']").click()
    browser.wait(partial(is_marked, browser, operation), operation)


def is_marked(browser: Browser, operation: str) -> bool:
    """Whether the list marks this operation as the one that is shown."""
    marked: bool = browser.run(f"return document.querySelector('nav a[aria-current=page]')?.hash === '#{operation}'")
    return marked


def heading_is(browser: Browser, text: str) -> bool:
    """Whether this operation is shown; asked in one go, since the page may be drawn anew at any moment."""
    shown: bool = browser.run(f"return document.querySelector('h1')?.textContent === {json.dumps(text)}")
    return shown


def test_a_call_is_sent_with_a_token(browser: Browser, shown: Server) -> None:
    """An operation is opened, a token put in, a call sent, and its answer of 200 is shown with its headers."""
    token, demo = shown.token(), shown.demo
    choose(browser, READ)
    browser.type("input[name=token]", token)
    browser.type("input[name=api_key]", demo["api_key"])
    browser.type("input[name=user_id]", demo["customer_id"])

    status, body = send(browser)

    assert status == "200 OK"
    assert json.loads(body)["user"]["id"] == demo["customer_id"]
    browser.find(".answer .tabs button:last-child").click()
    assert "no-store" in browser.find(".answer .headers").text
    line = browser.find("pre.curl").text
    assert f"curl -X GET '{shown.url}/priv/v1/apps/{demo['api_key']}/users/{demo['customer_id']}'" in line
    assert token not in line
    assert token not in (browser.find("body").get_attribute("outerHTML") or token)


def test_a_refusal_is_shown_without_asking_for_a_password(browser: Browser, shown: Server) -> None:
    """Without credentials the answer of 401 is shown in the page, and no window of the browser opens."""
    choose(browser, READ)
    browser.type("input[name=api_key]", shown.demo["api_key"])
    browser.type("input[name=user_id]", "nobody")
    browser.find(".tabs button:last-child").click()

    status, body = send(browser)

    assert status == "401 Unauthorized"
    assert json.loads(body)["errors"]["code"] == "invalid_auth_token"
    assert ["401" in each for each in browser.complaints()] == [True]  # the browser notes every answer of 4xx


def test_a_token_is_got_with_a_client_id_and_secret(browser: Browser, shown: Server) -> None:
    """The page gets a token with a client id and secret, uses it, and keeps it nowhere but in its memory."""
    choose(browser, "createCustomer")
    browser.find(".tabs button:nth-child(2)").click()
    browser.type("input[name=clientId]", shown.demo["client_id"])
    browser.type("input[name=clientSecret]", shown.demo["client_secret"])
    browser.find(".credentials .wide").click()
    browser.wait(lambda: "You have a token." in browser.find(".credentials").text, "the token")
    browser.type("input[name=api_key]", shown.demo["api_key"])
    browser.type("textarea", json.dumps({"user": {"external_id": "page-1", "first_name": MARKUP}}))
    browser.press(CONTROL, ENTER)

    assert browser.find(".answer .status").text == "200 OK"
    assert json.loads(browser.find(".answer pre").text)["user"]["first_name"] == MARKUP
    assert browser.run("return document.querySelectorAll('main img, main script').length") == 0
    assert browser.run("return [localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    browser.driver.refresh()
    browser.find(".tabs button:first-child").click()
    assert browser.find("input[name=token]").get_attribute("value") == ""


def test_a_token_request_is_tried_as_a_form(browser: Browser, shown: Server) -> None:
    """The token endpoint is called with the client's credentials by Basic and a form, or JSON, as the body."""
    choose(browser, "requestToken")
    assert "Also in the query string, or in JSON" in browser.find("article").text
    browser.type("input[name=clientId]", shown.demo["client_id"])
    browser.type("input[name=clientSecret]", shown.demo["client_secret"])

    status, body = send(browser)
    assert (status, json.loads(body)["token_type"]) == ("200 OK", "bearer")

    browser.find("select").send_keys("application/json")
    assert json.loads(browser.find("textarea").get_attribute("value") or "") == {"grant_type": "client_credentials"}


def test_every_operation_can_be_opened(browser: Browser, shown: Server) -> None:
    """Every operation of the document is listed once, with its other addresses, and opens with its parts."""
    document = httpx.get(f"{shown.url}/openapi.json").json()
    said = [each for path in document["paths"].values() for each in path.values()]
    names = [each["operationId"] for each in said if "x-same-as" not in each]
    listed = [(each.get_attribute("href") or "").partition("#")[2] for each in browser.all("nav a")]

    assert sorted(listed) == sorted(names)
    for each in said:
        if "x-same-as" not in each:
            choose(browser, each["operationId"])
            browser.wait(partial(heading_is, browser, each["summary"]), each["summary"])
            assert len(browser.all("details.status-row")) == len(each["responses"])


def test_the_list_is_worked_by_keys(browser: Browser) -> None:
    """`/` goes to the filter, what is typed narrows the list, arrows and Enter open, Escape clears."""
    browser.press("/")
    browser.press("loyalty:write deposit")
    assert [each.text.split("\n")[0] for each in browser.all("nav a")] == ["Deposit points"]
    browser.press(DOWN)
    browser.press(ENTER)
    browser.wait(partial(heading_is, browser, "Deposit points"), "the operation")
    browser.find("#filter").send_keys(ESCAPE)
    assert len(browser.all("nav a")) > 5


def test_the_page_is_narrow_where_the_screen_is(browser: Browser, shown: Server) -> None:
    """On a telephone nothing is wider than the screen, and the list opens from a button; light and dark both show."""
    size = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        for address in ("", f"#{READ}", "#depositPoints"):
            browser.open(f"{shown.url}/docs{address}")
            browser.find("h1")
            assert browser.run("return document.documentElement.scrollWidth") <= 360
        assert browser.all("nav a") == []
        browser.find("#menu").click()
        assert browser.find("nav").size == {"width": 360, "height": 740 - browser.find("header").size["height"]}
        browser.find("nav a").click()
        assert browser.all("nav a") == []
        background = "return getComputedStyle(document.body).backgroundColor"
        before = browser.run(background)
        browser.find("#theme").click()
        assert browser.run(background) != before
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
