"""Headers of every answer: what a browser may do with it."""

from __future__ import annotations

_OWN = "'self'"
# No script, style or frame from elsewhere or within the page; thumbnails of what is pasted are blobs and data.
PAGE_POLICY = "; ".join(
    (
        f"default-src {_OWN}",
        f"img-src {_OWN} blob: data:",
        "object-src 'none'",
        "base-uri 'none'",
        f"form-action {_OWN}",
        "frame-ancestors 'none'",
    )
)
# A file of the corpus is shown, never run: whatever it is, it has no scripts and belongs to no site.
FILE_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

POLICY = b"content-security-policy"
EVERYWHERE: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


def secured(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """``headers`` of an answer with those that every answer has; a policy of its own stays."""
    known = {name.lower() for name, _ in headers}
    policy = [] if POLICY in known else [(POLICY, PAGE_POLICY.encode())]
    return [*headers, *policy, *((name, value) for name, value in EVERYWHERE if name not in known)]
