"""Pages looked at in a real browser: headless Chromium, driven by Playwright."""
