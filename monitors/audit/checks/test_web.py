"""The web server, asked as a browser asks it, and what its account may touch."""
# ruff: noqa: S101

import re

from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.facts.nginx import nginx_settings
from monitors.audit.facts.system import tls_answers
from monitors.audit.model.controls import Limits

PORT = 443
DAY_SECONDS = 86400
PLAIN = (
    r"timeout 10 bash -c 'exec 3<>/dev/tcp/127.0.0.1/80 && "
    r'printf "HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" >&3 && cat <&3'
    r"' 2>&1 | grep -vi '^set-cookie'"
)
# Owned or writable by the account of nginx' workers, or writable by everyone.
LOOSE = (
    r"find /etc/nginx /opt /var/www /usr/share/nginx -xdev ! -type l "
    r"\( -user www-data -o -group www-data -perm /0020 -o -perm /0002 \) -printf '%p %m\n' "
    "2>/dev/null; echo looked"
)
MODULE = re.compile(r"load_module (/usr/share/nginx/|/usr/lib/nginx/)?modules/ngx_\w+\.so")
SHOWN = 5


def test_web_01_redirects_to_https(host: Host) -> None:
    """Port 80 answers with a permanent redirect to https."""
    answer = host.run(PLAIN).stdout
    status, headers = _http(answer)
    if "refused" in answer:
        return
    location = headers.get("location", "")
    assert status in (301, 308), f"port 80 answers {status or 'nothing'}, expected 301 or 308"
    assert location.startswith("https://"), f"port 80 sends to {location or 'nowhere'}"


def test_web_02_security_headers(host: Host, limits: Limits) -> None:
    """HSTS for long, a content policy that keeps frames out, no guessing of types."""
    _, headers = _http(_answered(host))
    age = re.search(r"max-age=(\d+)", headers.get("strict-transport-security", ""))
    policy = headers.get("content-security-policy", "")
    framing = "frame-ancestors" in policy or "x-frame-options" in headers
    assert age, "no Strict-Transport-Security"
    assert int(age[1]) >= limits["hsts_days"] * DAY_SECONDS, (
        f"Strict-Transport-Security ends after {age[1]} s"
    )
    assert "default-src" in policy, "no Content-Security-Policy with default-src"
    assert framing, "other sites may put pages into a frame"
    assert headers.get("x-content-type-options") == "nosniff", "no X-Content-Type-Options: nosniff"
    assert "referrer-policy" in headers, "no Referrer-Policy"


def test_web_03_tells_little(host: Host) -> None:
    """Neither the answer nor the configuration in force gives away versions or listings."""
    config = nginx_settings(host)
    _, headers = _http(_answered(host))
    server = headers.get("server", "")
    assert not re.search(r"\d", server), f"the server calls itself {server}"
    loaded = [" ".join(words) for words in config if words[0] == "load_module"]
    foreign = [line for line in loaded if not MODULE.fullmatch(line.replace('"', ""))]
    assert not foreign, f"nginx loads what is no module of its packages: {', '.join(foreign)}"
    assert ["autoindex", "on"] not in config, "nginx lists folders (autoindex on)"
    assert "x-powered-by" not in headers, f"X-Powered-By: {headers.get('x-powered-by')}"


def test_web_04_files_are_not_its_own(host: Host) -> None:
    """No page, program or setting belongs to, or can be written by, the web server's account."""
    *loose, looked = host.run(LOOSE).stdout.splitlines()
    if looked != "looked":
        raise UndeterminedError(f"find said: {looked}")
    more = f" and {len(loose) - SHOWN} more" if len(loose) > SHOWN else ""
    assert not loose, f"open to the web server: {', '.join(loose[:SHOWN])}{more}"


def _answered(host: Host) -> str:
    answers, _ = tls_answers(host)
    text = answers.get(PORT, "")
    assert "HTTP/" in text, f"nothing answers over HTTP on port {PORT}"
    return text.split("old: ")[0]


def _http(text: str) -> tuple[int, dict[str, str]]:
    """Return the status and the headers of an answer; 0 when there is none."""
    status = re.search(r"^HTTP/[0-9.]+ (\d+)", text, re.MULTILINE)
    rest = text[status.end() :] if status else ""
    pairs = (line.partition(": ") for line in rest.splitlines() if ": " in line)
    return int(status[1]) if status else 0, {k.lower(): v.strip() for k, _, v in pairs}
