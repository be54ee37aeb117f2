"""A scratch machine whose PostgreSQL is the test's, and a service to ask on it."""

import getpass
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.playbooks.programs import program
from tests.playbooks.stubs import Stubs

# A service that answers /well with 200 and all else with 503 and a word.
SERVICE = """
import http.server, socketserver, sys
class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"no\\n  database"
        self.send_response(200 if self.path == "/well" else 503)
        self.end_headers()
        self.wfile.write(body)
    def address_string(self): return ""
class Server(socketserver.UnixStreamServer):
    def get_request(self): return self.socket.accept()[0], ("", 0)
Server(sys.argv[1], Pages).serve_forever()
"""


class Machine:
    """A scratch machine whose PostgreSQL is the test's, and that confines nothing."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.module: ModuleType = program("drill_postgres")
        self.folder = folder / "postgres"
        self.stubs = Stubs(folder / "bin")
        self.newest = folder / "lib" / "15" / "bin"
        self.probes = folder / "probes.json"
        for version in ("9", "15", "13"):
            (folder / "lib" / version / "bin").mkdir(parents=True)
            for name in ("initdb", "pg_ctl"):
                file = folder / "lib" / version / "bin" / name
                file.symlink_to(self.stubs.folder / name)
        for name in ("initdb", "pg_ctl", "createdb"):
            self.stubs.put(name, "exit 0")
        self.stubs.put("pg_restore", f"cat >{folder}/loaded")
        self.stubs.put("unshare", 'shift 6; exec "$@"')
        self.stubs.put("runuser", 'shift 3; exec "$@"')
        patch.setenv("PATH", f"{self.stubs.folder}:/usr/bin:/bin")
        patch.setattr(self.module, "BINARIES", folder / "lib")
        patch.setattr(self.module, "PROBES", self.probes)
        patch.setattr(self.module, "USER", getpass.getuser())

    def service(self, *pages: str, program: str = SERVICE) -> None:
        """Let the database permits have a service that is asked these pages."""
        file = self.probes.with_name("service.py")
        file.write_text(program)
        known = {
            "command": [sys.executable, str(file), "{socket}"],
            "environment": {"DATABASE": "{sockets}"},
            "folder": str(file.parent),
            "pages": pages,
        }
        self.probes.write_text(json.dumps({"permits": known}))
        self.folder.mkdir()

    def probe(self, database: str = "permits") -> None:
        self.module.probe(self.folder, database)
