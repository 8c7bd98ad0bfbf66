"""The page in a real browser: it shows the operations, sends a call with a token, and asks no other host."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.support.browser import CONTROL, DOWN, ENTER, ESCAPE, Browser, browsing
from tests.support.programs import program
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


CONTRAST = """
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const rgba = (colour) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
};
const over = (top, below) => [0, 1, 2].map((n) => top[n] * top[3] + below[n] * (1 - top[3])).concat(1);
const light = ([r, g, b]) => [r, g, b].map((each) => each / 255)
  .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4))
  .reduce((sum, each, n) => sum + each * [0.2126, 0.7152, 0.0722][n], 0);
const behind = (node) => {
  const layers = [];
  for (let at = node; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
  return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
};
const faint = [];
for (const node of document.querySelectorAll("body *")) {
  const own = [...node.childNodes].some((each) => each.nodeType === 3 && each.textContent.trim());
  if (!node.checkVisibility({ visibilityProperty: true })) continue;
  const colours = own || node.matches("select, textarea") ? [["", getComputedStyle(node)]] : [];
  if (node.matches("input")) {
    colours.push(["", getComputedStyle(node)], ["::placeholder", getComputedStyle(node, "::placeholder")]);
  }
  for (const [part, style] of colours) {
    let seen = rgba(style.color);
    for (let at = node; at; at = at.parentElement) seen[3] *= getComputedStyle(at).opacity;
    if (part) seen[3] *= style.opacity;
    const below = behind(node);
    const [one, other] = [light(over(seen, below)), light(below)].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    const what = `${node.tagName} .${node.className} ${part} ${node.textContent.slice(0, 30)}`;
    if (ratio < 4.5) faint.push(`${ratio.toFixed(2)} ${what}`);
  }
}
return [...new Set(faint)];
"""
"""Every text on the page whose colour and ground have a contrast under 4.5 to 1 (WCAG 2.2, 1.4.3)."""


@pytest.fixture
def browser(started: Browser, shown: Server) -> Iterator[Browser]:
    """The browser with the page open; afterwards nothing may have been complained about or asked of another host."""
    started.complaints()
    started.asked()
    started.open(f"{shown.url}/docs")
    started.run("sessionStorage.clear()")
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


def authorize(browser: Browser, way: str, **values: str) -> None:
    """Say by the one "Authorize" of the page who calls, and go back to the page."""
    browser.find("#authorize").click()
    browser.find("dialog .tabs")
    next(each for each in browser.all("dialog .tabs button") if each.text == way).click()
    for name, value in values.items():
        browser.type(f"dialog input[name={name}]", value)
    browser.find("dialog .done").click()


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
    authorize(browser, "Token", token=token)
    browser.type("input[name=api_key]", demo["api_key"])
    browser.type("input[name=user_id]", demo["customer_id"])

    status, body = send(browser)

    assert status == "200 OK"
    assert json.loads(body)["user"]["id"] == demo["customer_id"]
    browser.find(".answer .tabs button:last-child").click()
    assert "no-store" in browser.find(".answer .headers").text
    line = browser.find("pre.code").text
    assert f"curl -X GET '{shown.url}/priv/v1/apps/{demo['api_key']}/users/{demo['customer_id']}'" in line
    assert token not in line
    assert token not in (browser.find("body").get_attribute("outerHTML") or token)


def test_a_refusal_is_shown_without_asking_for_a_password(browser: Browser, shown: Server) -> None:
    """Without credentials the answer of 401 is shown in the page, and no window of the browser opens."""
    choose(browser, READ)
    browser.type("input[name=api_key]", shown.demo["api_key"])
    browser.type("input[name=user_id]", "nobody")

    status, body = send(browser)

    assert status == "401 Unauthorized"
    assert json.loads(body)["errors"]["code"] == "invalid_auth_token"
    assert ["401" in each for each in browser.complaints()] == [True]  # the browser notes every answer of 4xx


def test_a_token_is_got_with_a_client_id_and_secret(browser: Browser, shown: Server) -> None:
    """The page gets a token with a client id and secret, uses it for all calls, and keeps it in this tab until told."""
    browser.find("#authorize").click()
    browser.type("input[name=clientId]", shown.demo["client_id"])
    browser.type("input[name=clientSecret]", shown.demo["client_secret"])
    browser.find("dialog .get").click()
    browser.wait(lambda: "You have a token." in browser.find("dialog").text, "the token")
    browser.find("dialog .done").click()
    choose(browser, "createCustomer")
    browser.type("textarea", json.dumps({"user": {"external_id": "page-1", "first_name": MARKUP}}))
    browser.press(CONTROL, ENTER)

    assert browser.find(".answer .status").text == "200 OK"
    assert json.loads(browser.find(".answer pre").text)["user"]["first_name"] == MARKUP
    assert browser.run("return document.querySelectorAll('main img, main script').length") == 0
    assert browser.run("return [localStorage.length, sessionStorage.length, document.cookie]") == [0, 1, ""]
    browser.driver.refresh()
    choose(browser, READ)
    assert send(browser)[0] == "200 OK"
    browser.find("#authorize").click()
    browser.find("dialog .forget").click()
    assert browser.find("input[name=clientSecret]").get_attribute("value") == ""
    browser.find("dialog .done").click()
    assert browser.run("return sessionStorage.length") == 0
    assert browser.find("#authorize").text == "Authorize"


def test_a_token_request_is_tried_as_a_form(browser: Browser, shown: Server) -> None:
    """The token endpoint is called with the client's credentials by Basic and a form, or JSON, as the body."""
    choose(browser, "requestToken")
    assert "Also in the query string, or in JSON" in browser.find("article").text
    authorize(browser, "Client id", clientId=shown.demo["client_id"], clientSecret=shown.demo["client_secret"])

    status, body = send(browser)
    assert (status, json.loads(body)["token_type"]) == ("200 OK", "bearer")
    choose(browser, READ)  # with the token that was answered, and ids of the demonstration
    assert send(browser)[0] == "200 OK"
    choose(browser, "requestToken")

    browser.find("select").send_keys("application/json")
    assert json.loads(browser.find("textarea").get_attribute("value") or "") == {"grant_type": "client_credentials"}


def test_every_operation_can_be_opened(browser: Browser, shown: Server) -> None:
    """Every operation of the document is listed once, with its other addresses, and opens with its parts."""
    document = httpx.get(f"{shown.url}/openapi.json", timeout=60).json()
    said = [each for path in document["paths"].values() for each in path.values()]
    names = [each["operationId"] for each in said if "x-same-as" not in each]
    listed = [(each.get_attribute("href") or "").partition("#")[2] for each in browser.all("nav a:not(.to-guide)")]

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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(browser: Browser, shown: Server, scheme: str) -> None:
    """In light and in dark, on each kind of page and in the dialog, the contrast is at least 4.5 to 1."""
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    try:
        authorize(browser, "API key", apiKey=shown.demo["api_key"], propertySecret=shown.demo["property_secret"])
        for address in ("docs#guide-tokens", "docs#depositPoints", "docs", f"docs#{READ}"):
            browser.open(f"{shown.url}/{address}")
            browser.find("h1")
            browser.run("document.querySelectorAll('details').forEach((each) => (each.open = true))")
            assert browser.run(CONTRAST) == [], address
        send(browser)
        assert browser.run(CONTRAST) == []
        browser.find("#authorize").click()
        browser.find("dialog h2")
        assert browser.run(CONTRAST) == []
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_guides_lead_to_operations(browser: Browser, shown: Server) -> None:
    """Every guide is listed, opens, and each of its links leads to an operation that is there."""
    known = {each.get_attribute("href") for each in browser.all("nav a")}
    guides = [each.get_attribute("href") or "" for each in browser.all("nav a.to-guide")]
    assert len(guides) > 3
    for address in guides:
        browser.open(address)
        browser.find(".guide h2")
        links = [each.get_attribute("href") for each in browser.all(".guide a")]
        assert set(links) <= known
    assert [each.text for each in browser.all("p.wrong")] == []


def sample(browser: Browser, language: str) -> str:
    """The code that is shown in a language."""
    browser.find(".samples .tabs")
    next(each for each in browser.all(".samples .tabs button") if each.text == language).click()
    return browser.find("pre.code").text


def samples_of(browser: Browser, shown: Server, language: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The code of three calls, and what it is to find in its environment: a token, a client, a property."""
    demo = shown.demo
    authorize(browser, "Client id", clientId=demo["client_id"], clientSecret=demo["client_secret"])
    choose(browser, "requestToken")
    yield sample(browser, language), {"CLIENT_ID": demo["client_id"], "CLIENT_SECRET": demo["client_secret"]}
    send(browser)
    choose(browser, "createCustomer")
    user = {"external_id": f"by {language}", "first_name": 'back`tick ${x} \\ "é"', "opted_in": True}
    browser.type("textarea", json.dumps({"user": user}, ensure_ascii=False))
    yield sample(browser, language), {"ACCESS_TOKEN": shown.token()}
    authorize(browser, "API key", apiKey=demo["api_key"], propertySecret=demo["property_secret"])
    choose(browser, READ)
    yield sample(browser, language), {"API_KEY": demo["api_key"], "PROPERTY_SECRET": demo["property_secret"]}


def run_samples(browser: Browser, shown: Server, folder: Path, language: str, file: str, *command: str) -> None:
    """Run the code of three calls; each has to end well and print an answer, and none has a secret in it."""
    for text, environment in samples_of(browser, shown, language):
        assert [each for name, each in environment.items() if name != "API_KEY" and each in text] == []
        (folder / file).write_text(text, "utf-8")
        ended = subprocess.run(
            [*command, str(folder / file)],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr + text
        assert "bearer" in ended.stdout or "ok" in ended.stdout, ended.stdout


def test_the_code_in_python_runs(browser: Browser, shown: Server, tmp_path: Path) -> None:
    """What is shown as Python does the call that the page would send."""
    run_samples(browser, shown, tmp_path, "Python", "call.py", sys.executable)


@pytest.mark.other_language
def test_the_code_in_node_runs(browser: Browser, shown: Server, tmp_path: Path) -> None:
    """What is shown for Node does the call that the page would send."""
    run_samples(browser, shown, tmp_path, "Node", "call.mjs", program("node"))


@pytest.mark.other_language
def test_the_code_in_go_runs(browser: Browser, shown: Server, tmp_path: Path) -> None:
    """What is shown for Go does the call that the page would send."""
    run_samples(browser, shown, tmp_path, "Go", "call.go", program("go"), "run")
