"""An S3 server with object lock, versitygw, and what its administrator does with it."""

import base64
import hashlib
import hmac
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import quote, urlencode

from tests.loopback import HERE, certificate, free_port
from tests.oracles.programs import VERSITYGW
from tests.waiting import wait_until

REGION = "us-east-1"
LONGEST_START_SECONDS = 60
LOCK = """<ObjectLockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
<ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>
<Mode>{mode}</Mode><Days>{days}</Days></DefaultRetention></Rule></ObjectLockConfiguration>"""


@dataclass(frozen=True, slots=True)
class Keys:
    """Who asks: an access key and its secret."""

    access: str
    secret: str

    @property
    def environment(self) -> dict[str, str]:
        """The keys as restic and rclone take them."""
        return {"AWS_ACCESS_KEY_ID": self.access, "AWS_SECRET_ACCESS_KEY": self.secret}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said."""

    status: int
    body: bytes

    @property
    def text(self) -> str:
        """What it said in words."""
        return self.body.decode(errors="replace")


class ObjectStore:
    """A server of its own with a folder of its own; `root` may do all that anybody may."""

    def __init__(self, folder: Path, address: str = HERE) -> None:
        self.address = address
        self.folder, self.root = folder, Keys("root", "root-secret-of-the-test")
        self.port = free_port(address)
        self.certificate, key = certificate(folder, "store", address)
        for name in ("objects", "versions", "accounts"):
            (folder / name).mkdir()
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen(
            [
                *(VERSITYGW.executable, "--port", f"{address}:{self.port}", "--iam-dir"),
                *(folder / "accounts", "--cert", self.certificate, "--key", key),
                *("posix", "--versioning-dir", folder / "versions"),
                folder / "objects",
            ],
            env={**os.environ, "ROOT_ACCESS_KEY": "root", "ROOT_SECRET_KEY": self.root.secret},
            stdout=self._log,
            stderr=self._log,
        )
        self._wait()

    @property
    def endpoint(self) -> str:
        """Where it is asked."""
        return f"https://{self.address}:{self.port}"

    def _wait(self) -> None:
        there = wait_until(self._answers_or_has_ended, LONGEST_START_SECONDS)
        if there and self._process.poll() is None:
            return
        self.stop()
        raise AssertionError((self.folder / "log").read_text())

    def _answers_or_has_ended(self) -> bool:
        with socket.socket() as attempt:
            answers = attempt.connect_ex((self.address, self.port)) == 0
        return answers or self._process.poll() is not None

    def stop(self) -> None:
        """End the server and remove what it kept."""
        self._process.terminate()
        self._process.wait(30)
        self._log.close()
        for name in ("objects", "versions"):
            shutil.rmtree(self.folder / name)

    def account(self, keys: Keys) -> None:
        """Make an account that may do what a bucket's policy says, and nothing else."""
        made = subprocess.run(
            [
                *(VERSITYGW.executable, "admin", "--access", self.root.access, "--secret"),
                *(self.root.secret, "--endpoint-url", self.endpoint, "--allow-insecure"),
                *("create-user", "--access"),
                *(keys.access, "--secret", keys.secret, "--role", "user"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr

    def bucket(self, name: str, policy: str, days: int = 1, mode: str = "COMPLIANCE") -> None:
        """Make a bucket with a policy, whose lock is for some days; none with 0."""
        enabled = {"x-amz-bucket-object-lock-enabled": "true"} if days else {}
        lock = LOCK.format(mode=mode, days=days).encode()
        steps = [({}, b"", enabled), ({"policy": ""}, policy.encode(), {})]
        steps += [({"object-lock": ""}, lock, {})] if days else []
        for query, body, headers in steps:
            made = self.ask(self.root, "PUT", f"/{name}", query, body, headers)
            assert made.status in (200, 204), made

    def ask(
        self,
        keys: Keys,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask as somebody, signed (AWS Signature Version 4)."""
        names = sorted((query or {}).items())
        asked = urlencode(names, quote_via=quote)
        given = {**(headers or {}), "host": f"{self.address}:{self.port}"}
        signed = sign(keys, method, quote(path), asked, body, given)
        trusted = ssl.create_default_context(cafile=self.certificate)
        connection = HTTPSConnection(self.address, self.port, timeout=60, context=trusted)
        try:
            connection.request(method, f"{quote(path)}?{asked}", body, signed)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read())
        finally:
            connection.close()


def sign(
    keys: Keys, method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]
) -> dict[str, str]:
    """Return the headers of a request with its signature."""
    now = datetime.now(UTC)
    stamp, digest = f"{now:%Y%m%dT%H%M%SZ}", hashlib.sha256(body).hexdigest()
    # What is written to a bucket with a lock has to come with it.
    checksum = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    all_headers = {
        **headers, "x-amz-date": stamp, "x-amz-content-sha256": digest, "content-md5": checksum,
    }  # fmt: skip
    named = ";".join(sorted(all_headers))
    lines = "".join(f"{name}:{all_headers[name]}\n" for name in sorted(all_headers))
    asked = "\n".join((method, path, query, lines, named, digest))
    scope = f"{now:%Y%m%d}/{REGION}/s3/aws4_request"
    hashed = hashlib.sha256(asked.encode()).hexdigest()
    text = "\n".join(("AWS4-HMAC-SHA256", stamp, scope, hashed))
    key = f"AWS4{keys.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={keys.access}/{scope}, SignedHeaders={named}, "
        f"Signature={signature}"
    )
    return {**all_headers, "Authorization": authorization}
