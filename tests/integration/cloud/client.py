"""The application as a client sees it."""

from typing import Any

import httpx

from contracts.delivery import INGEST_PATH
from contracts.timestamps import format_time
from tests.integration.cloud.support import MEMBERS, T0, TENANT, Cloud


class Client:
    """The application, with a key of every scope."""

    def __init__(self, http: httpx.Client, cloud: Cloud) -> None:
        self.http = http
        self.cloud = cloud
        self.headers = self.key("ingest", "read", "members", "admin")

    def key(self, *scopes: str, tenant: str = TENANT) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.cloud.keys.create(tenant, scopes).secret}"}

    def get(self, path: str, **query: str) -> Any:  # noqa: ANN401 - JSON of any shape
        answer = self.http.get(path, params=query, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def put(self, path: str, body: dict[str, object]) -> Any:  # noqa: ANN401 - JSON of any shape
        answer = self.http.put(path, json=body, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def send(self, *raws: bytes) -> None:
        answer = self.http.post(INGEST_PATH, content=b"\n".join(raws), headers=self.headers)
        assert answer.status_code == 200, answer.text
        self.cloud.projector.catch_up()

    def consent(self, member: int, *, granted: bool = True, at_ms: int = T0) -> Any:  # noqa: ANN401 - JSON of any shape
        pseudonym = MEMBERS[member]
        body = {"namespace": pseudonym.namespace, "pseudonym": pseudonym.pseudonym, "granted": granted}
        return self.put("/v1/consents", {**body, "at": format_time(at_ms)})
