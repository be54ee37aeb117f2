"""A journey taken once: its steps one after the other, until one fails or time is up."""

import asyncio
import time
from pathlib import Path
from urllib.parse import urljoin

from inventory.model.journeys import Form, Step
from inventory.secrets import SecretError, resolve
from inventory.web_login import authority_file
from inventory.web_servers import allowed_servers
from monitors.journeys.browser import Browser, session, trust
from monitors.journeys.failures import Failure, JourneyError
from monitors.journeys.page import Page, Submission
from monitors.journeys.taken import Taken
from monitors.journeys.targets import JourneyTarget
from monitors.text import one_line


async def take(target: JourneyTarget, state: Path, deadline_seconds: float) -> Taken:
    """Take a journey; what goes wrong on the way is a value, no exception."""
    seconds: list[float] = []
    trusted = trust(authority_file(state), any_certificate=target.any_certificate)
    started = time.monotonic()
    try:
        async with asyncio.timeout(deadline_seconds), session(trusted) as requests:
            url = target.entry.service.url
            allowed = allowed_servers(url, target.journey.hosts)
            browser = Browser(requests, allowed, secure=url.startswith("https:"))
            page = Page(b"", url)
            for step in target.journey.steps:
                started = time.monotonic()
                page = await _step(browser, page, step, url, state)
                seconds.append(time.monotonic() - started)
    except JourneyError as error:
        return _failed(target, seconds, started, error.failure, error.reason)
    except TimeoutError:
        reason = f"not done after {deadline_seconds:.0f} s in all"
        return _failed(target, seconds, started, Failure.TIME, reason)
    return Taken(target, tuple(seconds))


def _failed(
    target: JourneyTarget, done: list[float], started: float, failure: Failure, reason: str
) -> Taken:
    return Taken(target, (*done, time.monotonic() - started), failure, reason)


async def _step(browser: Browser, page: Page, step: Step, url: str, state: Path) -> Page:
    if step.get is not None:
        page = await browser.get(urljoin(url, step.get))
    elif step.follow is not None:
        page = await browser.get(await asyncio.to_thread(page.link, step.follow))
    elif step.send is not None:
        page = await browser.send(await asyncio.to_thread(_filled, page, step.send, state))
    if step.expect is not None:
        shown = await asyncio.to_thread(page.text)
        if one_line(step.expect) not in shown:
            raise JourneyError(Failure.TEXT, f"the page does not show {step.expect!r}")
    return page


def _filled(page: Page, form: Form, state: Path) -> Submission:
    try:
        hidden = {name: resolve(reference, state) for name, reference in form.secrets.items()}
    except SecretError as error:
        raise JourneyError(Failure.SECRET, str(error)) from None
    return page.form({**form.fill, **hidden}, form.form, form.button)
