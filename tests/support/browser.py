"""A real browser without a window: Chromium and its driver, as Debian has them."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from tests.support.programs import program

WAIT_SECONDS = 15.0


class Browser:
    """A browser that shows one page; it keeps what the page asked for and complained about."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, address: str) -> None:
        """Load a page from the beginning."""
        self.driver.get("about:blank")
        self.driver.get(address)

    def find(self, selector: str) -> WebElement:
        """The first element that fits and is to be seen, when it is there. Raises TimeoutException."""
        found: WebElement = self.wait(lambda: next(iter(self.all(selector)), None), selector)
        return found

    def all(self, selector: str) -> list[WebElement]:
        """The elements that fit and are to be seen now."""
        return [each for each in self.driver.find_elements(By.CSS_SELECTOR, selector) if each.is_displayed()]

    def wait(self, found: Callable[[], Any], what: str) -> Any:
        """Wait until there is something. Raises TimeoutException."""
        return WebDriverWait(self.driver, WAIT_SECONDS, poll_frequency=0.05).until(lambda _: found(), what)

    def type(self, selector: str, text: str) -> None:
        """Put a text into a field in place of what is there."""
        element = self.find(selector)
        element.clear()
        element.send_keys(text)

    def press(self, *keys: str) -> None:
        """Press keys where the focus is."""
        self.driver.switch_to.active_element.send_keys(*keys)

    def run(self, script: str) -> Any:
        """What a script in the page returns."""
        return self.driver.execute_script(script)

    def complaints(self) -> list[str]:
        """What the page's console told since this was last asked, but remarks for its makers."""
        return [each["message"] for each in self._log("browser") if each["level"] != "DEBUG"]

    def asked(self) -> list[str]:
        """The address of every request since this was last asked."""
        events = (json.loads(each["message"])["message"] for each in self._log("performance"))
        return [each["params"]["request"]["url"] for each in events if each["method"] == "Network.requestWillBeSent"]

    def _log(self, name: str) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = self.driver.get_log(name)  # type: ignore[no-untyped-call]  # Selenium's own
        return told


@contextmanager
def browsing(width: int = 1400, height: int = 900) -> Iterator[Browser]:
    """A browser for the length of a block."""
    options = webdriver.ChromeOptions()
    options.binary_location = program("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--no-first-run"):
        options.add_argument(argument)
    options.add_argument(f"--window-size={width},{height}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(program("chromedriver")))
    try:
        yield Browser(driver)
    finally:
        driver.quit()


ENTER, DOWN, ESCAPE, CONTROL = Keys.ENTER, Keys.ARROW_DOWN, Keys.ESCAPE, Keys.CONTROL
