"""Words in the box: what comes, what stays until then, and what the page says when nothing matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

    from tests.web.conftest import Visit
