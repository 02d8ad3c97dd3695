"""Examples of calls as people would write them: curl, Python, JavaScript."""

import json
from dataclasses import dataclass
from typing import Any

Snippet = tuple[str, str, str]
"""A short name, the language as people call it, the text."""

TOKEN = "YOUR_API_KEY"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the REST API, or of GraphQL where `query` is given. `path` begins with a slash."""

    method: str
    path: str
    body: Any = None


def snippets(base_url: str, call: Call, token: str = TOKEN) -> list[Snippet]:
    """The call in every language, with a token where there is one to show."""
    url = f"{base_url}{call.path}"
    texts = [
        ("curl", "curl", _curl(url, call)),
        ("python", "Python", _python(url, call)),
        ("javascript", "JavaScript", _javascript(url, call)),
    ]
    return [(key, name, text.replace(TOKEN, token)) for key, name, text in texts]


def _curl(url: str, call: Call) -> str:
    lines = [f"curl -sS -g '{url}'", f"-H 'Authorization: Bearer {TOKEN}'"]
    if call.method not in ("GET", "POST"):
        lines[0] = f"curl -sS -g -X {call.method} '{url}'"
    if call.body is not None:
        text = json.dumps(call.body, ensure_ascii=False, indent=2).replace("'", "'\\''")
        lines += ["-H 'Content-Type: application/json'", f"-d '{text}'"]
    return " \\\n  ".join(lines)


def _python(url: str, call: Call) -> str:
    lines = [
        "import json",
        "import urllib.request",
        "",
        "request = urllib.request.Request(",
        f"    {url!r},",
        f'    headers={{"Authorization": "Bearer {TOKEN}", "Content-Type": "application/json"}},',
        f"    method={call.method!r},",
    ]
    if call.body is not None:
        lines.append(f"    data=json.dumps({_literal(call.body, 4)}).encode(),")
    return "\n".join(
        [
            *lines,
            ")",
            "with urllib.request.urlopen(request) as answer:",
            "    print(json.dumps(json.load(answer), indent=2))",
        ]
    )


def _literal(value: Any, indent: int) -> str:
    """A Python literal, one entry a line where it is an object."""
    if not isinstance(value, dict):
        return repr(value)
    inside = "".join(f"{' ' * (indent + 4)}{key!r}: {_literal(item, indent + 4)},\n" for key, item in value.items())
    return f"{{\n{inside}{' ' * indent}}}"


def _javascript(url: str, call: Call) -> str:
    options = [f'  headers: {{ Authorization: "Bearer {TOKEN}", "Content-Type": "application/json" }},']
    if call.method != "GET":
        options.insert(0, f'  method: "{call.method}",')
    if call.body is not None:
        text = json.dumps(call.body, ensure_ascii=False, indent=2).replace("\n", "\n  ")
        options.append(f"  body: JSON.stringify({text}),")
    return "\n".join(
        [
            f"const answer = await fetch({json.dumps(url)}, {{",
            *options,
            "})",
            "console.log(JSON.stringify(await answer.json(), null, 2))",
        ]
    )
