"""The commands' way to a running simulator: its sim.json and its control door."""

import http.client
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


class DoorError(Exception):
    """The simulator is not there, or refused; the text says what to do."""


class DoorClient:
    """Requests to the control door of the simulator whose state directory is given."""

    def __init__(self, state: Path) -> None:
        file = state / "sim.json"
        try:
            self.description: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DoorError(f"no simulator runs with {state}; start it: kartenwart-sim run --state {state}") from error
        self._host = urlsplit(str(self.description["control"])).netloc

    def konnektor(self, name: str) -> str:
        """The name given, or that of the first Konnektor."""
        return name or str(self.description["konnektors"][0]["name"])

    def get(self, path: str) -> Any:
        return self._send("GET", path, None)

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._send("POST", path, body or {})

    def delete(self, path: str) -> Any:
        return self._send("DELETE", path, None)

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        connection = http.client.HTTPConnection(self._host, timeout=60)
        try:
            connection.request(method, path, data, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            document = json.load(answer)
        except (OSError, ValueError) as error:
            raise DoorError(f"the simulator does not answer at {self._host}: {error}") from error
        finally:
            connection.close()
        if answer.status >= 400:
            raise DoorError(document.get("error", answer.reason))
        return document
