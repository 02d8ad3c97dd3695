"""What keeps pages safe, whatever is on them: the headers of every answer."""

_COMMON = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
# The playgrounds' editors write styles of their own, and think in workers.
_PLAYGROUND = {
    "style-src": "'self' 'unsafe-inline'",
    "font-src": "'self' data:",
    "img-src": "'self' data: blob:",
    "worker-src": "'self'",
}


def page_headers(*, playground: bool = False) -> dict[str, str]:
    """The headers of a page. Only a playground may have styles that stand in the page itself."""
    policy = {**_POLICY, **(_PLAYGROUND if playground else {})}
    text = "; ".join(f"{directive} {sources}" for directive, sources in policy.items())
    return {**_COMMON, "Content-Security-Policy": text, "Cache-Control": "no-store"}
