"""What browsers fetch beside pages: styles, scripts, icons, made by `make assets` and named by their content."""

from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from threescore.rest.http import accepts

DIRECTORY = Path(__file__).parent / "assets"

HOW_TO_BUILD = "The pages are not built yet. Run `make assets` (it needs Node 20 or later), then start again."

_MEDIA_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".woff2": "font/woff2",
    ".txt": "text/plain",
}
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))


class _Manifest(Struct, frozen=True):
    """What the build says it made: file names by entry names, and the names of the icons in the sprite."""

    files: dict[str, str]
    icons: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Asset:
    path: Path
    media_type: str
    forms: tuple[tuple[str, Path], ...]
    """The compressed forms that there are, best first."""


class Assets:
    """The built assets; none at all when they were not built."""

    def __init__(self, directory: Path = DIRECTORY) -> None:
        try:
            text = (directory / "manifest.json").read_bytes()
        except FileNotFoundError:
            self.is_built = False
            self._manifest = _Manifest({}, frozenset())
            self._files: dict[str, _Asset] = {}
            return
        self.is_built = True
        self._manifest = msgspec.json.decode(text, type=_Manifest)
        self._files = {path.name: _asset(path) for path in directory.iterdir() if path.suffix in _MEDIA_TYPES}

    def url(self, name: str) -> str:
        """Where the asset of an entry name (`app.css`) is to be had."""
        return f"/assets/{self._manifest.files[name]}"

    def icon(self, name: str | None) -> str:
        """Where the icon of a name like `IconUser` or `user` is to be had; a plain one for a name without a picture."""
        known = name if name in self._manifest.icons else _icon_name(name or "")
        return f"{self.url('icons.svg')}#{known if known in self._manifest.icons else 'box'}"

    async def serve(self, request: Request) -> Response:
        """Answers a request for `/assets/{name}`: for ever the same, so it may be kept for ever."""
        asset = self._files.get(request.path_params["name"])
        if asset is None:
            return PlainTextResponse("There is no such asset.", 404)
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable",
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
        }
        accepted = request.headers.get("accept-encoding", "")
        for encoding, path in asset.forms:
            if accepts(accepted, encoding):
                return FileResponse(
                    path, headers={**headers, "Content-Encoding": encoding}, media_type=asset.media_type
                )
        return FileResponse(asset.path, headers=headers, media_type=asset.media_type)


def _asset(path: Path) -> _Asset:
    forms = tuple(
        (encoding, compressed)
        for encoding, suffix in _ENCODINGS
        if (compressed := path.with_name(path.name + suffix)).exists()
    )
    return _Asset(path, _MEDIA_TYPES[path.suffix], forms)


def _icon_name(name: str) -> str:
    """`building-skyscraper` for `IconBuildingSkyscraper`."""
    words = name.removeprefix("Icon")
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in words).lstrip("-")
