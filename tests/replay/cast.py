"""Who makes the calls of `settings.jsonl`: their tokens, and what was done before a call and is no call of its own."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt

from threescore.access.tokens import Tokens

from .compare import Ids
from .state import set_up

METADATA: Mapping[str, dict[str, Any]] = {
    case["id"]: case for case in map(json.loads, Path(__file__).with_name("metadata.jsonl").read_text().splitlines())
}

ORIGIN = "http://127.0.0.1:3300"
"""Where the recorded server was."""

RECEIVER = "http://127.0.0.1:3390"
"""Where the recorded webhooks went."""

_ROLES = {"Admin": "35c8a3f9-6bc4-4344-a8df-a8d22693fafb", "Member": "2b0bc732-6e3a-4f8e-86b1-8365b1dad288"}
_KEY = "a963dd4f-a1d2-4694-8a18-d6e59a518b14"
_PAST_KEY = "cc1d3f3c-fd35-4567-8676-3a3c53e52498"
_REVOKED_KEY = "abb22aaa-f967-4f9e-9aa0-9bcba188ff83"
_OPPORTUNITY = "17c1daf7-ec98-4122-89a2-e4b4a4ad1d0d"
_FIELDS = {
    ("company", "annualRevenue"): "9675340e-f7fc-438d-a82f-abcb42e7ad27",
    ("company", "name"): "35117443-5f70-40d5-9d48-afb07f31bc1a",
    ("rocket", "slogan"): "1b91afac-2061-4dcb-bdf9-4952236db0c6",
}
_WRITTEN_MANY = (
    "09f7c7f2-572e-41f9-808a-e2e2fb1bdf1d",
    "1a9bd752-f228-4ba2-8f30-a56c817ffd1f",
    "1dd733a3-c26d-4265-8fed-f0da4c225af8",
    "2a331e32-a6d0-46b8-8fdf-b0675659c2dc",
    "3b5e4011-3806-4e30-9d6d-9a07e6735222",
)

_STEPS: Mapping[str, tuple[str, ...]] = {
    "AF40": ("AF39",),
    "M134": ("M133",),
    "M137": ("M136",),
    "P69": ("P68",),
    "P74": ("P72", "P73"),
}
"""Calls of `metadata.jsonl` that a person makes before a case."""


class Cast:
    """The callers. `tokens` holds what each of them authenticates with, as soon as there is such a token."""

    def __init__(self, client: httpx.Client, ids: Ids, signer: Tokens) -> None:
        self._client = client
        self._ids = ids
        self._signer = signer
        self.tokens: dict[str, str] = {}

    def before(self, case_id: str) -> None:
        """Does what had been done before this case."""
        match case_id:
            case "AF8":
                self._begin()
            case "AF19":
                self._ids.bind(_PAST_KEY, self._metadata("AF13")["createApiKey"]["id"])
                self._metadata("AF16")
                self.tokens["past"] = self._metadata("AF17")["generateApiKeyToken"]["token"]
                self._metadata("AF18")
            case "AF36":
                self._ids.bind(_REVOKED_KEY, self._metadata("AF33")["createApiKey"]["id"])
                self.tokens["revoked"] = self._metadata("AF34")["generateApiKeyToken"]["token"]
                self._metadata("AF35")
            case "W35":
                ariane = {"id": "33333333-3333-4333-8333-000000000001", "name": "Ariane"}
                self._rest("POST", "/rest/rockets", ariane | {"codeName": "A1", "serialTwo": "X1"})
            case "W45":
                people = self._rest("GET", "/rest/people?filter=jobTitle[eq]:hb2&limit=5")["data"]["people"]
                for recorded, person in zip(_WRITTEN_MANY, people, strict=True):
                    self._ids.bind(recorded, person["id"])
            case "X9":
                self._rest("POST", "/rest/opportunities", {"name": "Integration"})
            case "X11":
                self._rest("POST", "/rest/timelineActivities", {})
        for step in _STEPS.get(case_id, ()):
            self._metadata(step)

    def after(self, case_id: str, answer: httpx.Response) -> None:
        """Keeps the tokens that an answer gives."""
        match case_id:
            case "A1":
                self.tokens["person"] = _data(answer)["signUp"]["tokens"]["accessOrWorkspaceAgnosticToken"]["token"]
            case "A3":
                self.tokens["login"] = _data(answer)["signUpInNewWorkspace"]["loginToken"]["token"]
            case "A4":
                pair = _data(answer)["getAuthTokensFromLoginToken"]["tokens"]
                self.tokens["user"] = pair["accessOrWorkspaceAgnosticToken"]["token"]
                self.tokens["refresh"] = pair["refreshToken"]["token"]
            case "P6":
                self.tokens["limited"] = _data(answer)["generateApiKeyToken"]["token"]
            case "P51":
                self.tokens["playground"] = _data(answer)["generatePlaygroundToken"]["token"]

    def authorization(self, case: Mapping[str, Any]) -> str | None:
        """The header of a case."""
        who = case.get("auth", "key")
        if who == "none":
            return None
        return who if who.startswith("Bearer ") else f"Bearer {self.tokens[who]}"

    def speak(self, case_id: str, text: str) -> str:
        """What a case sends, with our ids and tokens in the place of the recorded ones."""
        token = self.tokens.get("refresh" if case_id == "P59" else "login", "")
        return self._ids.replace(text).replace("<jwt>", token)

    def _begin(self) -> None:
        """Makes the first key, the tokens that are none or no longer, the recorded model and the first records."""
        roles = {role["label"]: role["id"] for role in self._graphql("{ getRoles { id label } }")["getRoles"]}
        for label, recorded in _ROLES.items():
            self._ids.bind(recorded, roles[label])
        key_id = self._metadata("A7")["createApiKey"]["id"]
        self._ids.bind(_KEY, key_id)
        key = self._metadata("A8")["generateApiKeyToken"]["token"]
        claims = jwt.decode(key, options={"verify_signature": False})
        workspace, now, day = UUID(claims["workspaceId"]), datetime.now(UTC), timedelta(days=1)
        self.tokens |= {
            "key": key,
            "expired": self._signer.mint(workspace, UUID(key_id), now - day),
            "unknown": self._signer.mint(workspace, uuid4(), now + day),
            # Signed with a secret that is not ours.
            "other-api-key": jwt.encode(claims, "0" * 64),
            "other-access": jwt.encode({name: claims[name] for name in claims if name != "type"}, "0" * 64),
            "other-kid": _with_header(key, kid=str(uuid4()), alg="ES256"),
        }
        self._client.headers["Authorization"] = f"Bearer {key}"
        set_up(self._client, self._ids)
        objects = {item["nameSingular"]: item for item in self._rest("GET", "/rest/metadata/objects?limit=200")["data"]}
        self._ids.bind(_OPPORTUNITY, objects["opportunity"]["id"])
        for (name, field_name), recorded in _FIELDS.items():
            (found,) = [field["id"] for field in objects[name]["fields"] if field["name"] == field_name]
            self._ids.bind(recorded, found)
        self._make_records()

    def _make_records(self) -> None:
        """Makes the records of other recorded calls that these name."""
        revenue = {"amountMicros": 1_000_000, "currencyCode": "EUR"}
        company = {"id": "22222222-2222-4222-8222-000000000001", "name": "Acme", "annualRevenue": revenue}
        self._rest("POST", "/rest/companies", company)
        for number, name in (("01", "Ada"), ("02", "Bob"), ("20", "Ann")):
            person = {"id": f"11111111-1111-4111-8111-0000000000{number}", "name": {"firstName": name}}
            mail = {"emails": {"primaryEmail": f"{name.lower()}@acme.example"}, "jobTitle": "back"}
            self._rest("POST", "/rest/people", person | mail)

    def _metadata(self, case_id: str) -> Any:
        """Makes a call of `metadata.jsonl` as the person."""
        case = METADATA[case_id]
        return self._graphql(case["query"], json.loads(self._ids.replace(json.dumps(case.get("variables")))))

    def _graphql(self, query: str, variables: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens['user']}"}
        answer = self._client.post("/metadata", json={"query": query, "variables": variables}, headers=headers)
        assert "errors" not in answer.json(), answer.text
        return _data(answer)

    def _rest(self, method: str, path: str, body: object = None) -> Any:
        answer = self._client.request(method, path, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()


def _data(answer: httpx.Response) -> Any:
    return answer.json()["data"]


def _with_header(token: str, **header: str) -> str:
    """The token with another header."""
    written = base64.urlsafe_b64encode(json.dumps({"typ": "JWT", **header}).encode()).decode().rstrip("=")
    return ".".join((written, *token.split(".")[1:]))
