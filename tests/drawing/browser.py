"""Chromium without a window, for pages: tests that want it are skipped where it, or playwright, is missing."""

import shutil
from contextlib import contextmanager

import pytest


@contextmanager
def browser():
    """A headless Chromium; skips the test if there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright tries pages in Chromium")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("pages are tried in Chromium: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium, args=["--headless", "--no-sandbox", "--disable-gpu"])


@contextmanager
def opened(chromium, address, **options):
    """A page without network, and at the end the assertion that nothing went wrong in it."""
    context = chromium.new_context(offline=True, viewport={"width": 1280, "height": 800}, **options)
    page = context.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: request.url.startswith(("file:", "data:")) or said.append(request.url))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(address)
    yield page
    context.close()
    assert said == []
