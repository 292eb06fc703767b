"""A page in a browser that is watched: what it says to the console, and what it asks for."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit


class Watched:
    """One tab, and what went wrong in it.

    Attributes:
        page: Playwright's page.
        context: Playwright's context.
        errors: what went wrong so far: errors of the console or thrown, requests that failed, requests for
            anything but files below the folder of the page's results.
        faulty: whether something is to go wrong; what the browser tells of it may come late.
    """

    faulty = False

    def __init__(self, context, path: Path) -> None:
        self.context, self.path, self.errors = context, path.resolve(), []
        self.page = context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.errors.append(f"{self.path.name}: {error}"))
        self.page.on("request", self._request)
        self.page.on("requestfailed", self._failed)

    def open(self, query: str = "") -> None:
        """Open the file."""
        self.page.goto(self.path.as_uri() + query)

    def _console(self, message) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(f"{self.path.name}: console: {message.text}")

    def _request(self, request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("data", "blob"):
            return
        # A call's page may link to the sound and the summary beside its folder.
        root = self.path.parent.parent if self.path.parent.name != "" else self.path.parent
        if address.scheme != "file" or root not in Path(unquote(address.path)).parents:
            self.errors.append(f"{self.path.name}: asks for {request.url}")

    def _failed(self, request) -> None:
        # The browser gives up sound that it has enough of, or that the test leaves.
        if request.failure != "net::ERR_ABORTED":
            self.errors.append(f"{self.path.name}: {request.url}: {request.failure}")


def scrolls_sideways(page) -> bool:
    """Whether the page as a whole is wider than the window."""
    return page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1")


def contrast(page, selector: str) -> float:
    """The lowest contrast (WCAG 2.2, 1.4.3: 1 to 21; small text wants 4.5) of text against what lies behind.

    Of all elements that fit; colours of parents are laid over each other as far as the first opaque one.
    """
    return page.evaluate(_CONTRAST, selector)


_CONTRAST = """(selector) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colours) => {
    canvas.clearRect(0, 0, 1, 1);
    colours.forEach((c) => { canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1); });
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (values) => {
    const [r, g, b] = values.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let lowest = 21;
  document.querySelectorAll(selector).forEach((element) => {
    if (!element.textContent.trim() || !element.getClientRects().length) { return; }
    const behind = [];
    for (let at = element; at; at = at.parentElement) {
      behind.unshift(getComputedStyle(at).backgroundColor);
    }
    const style = getComputedStyle(element);
    const ink = element instanceof SVGElement ? style.fill : style.color;
    const one = light(rgb(["#fff", ...behind, ink])), other = light(rgb(["#fff", ...behind]));
    lowest = Math.min(lowest, (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05));
  });
  return lowest;
}"""
