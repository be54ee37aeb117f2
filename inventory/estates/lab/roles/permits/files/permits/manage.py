"""Bring the permit register's schema up to date and, once, enter its first permits.

Runs before every start of the service; a second run changes nothing. The first permits are
fictional and the same at every run for a municipality, so that a lost row can be told.
"""

import hashlib
import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import register

MIGRATIONS = Path(__file__).parent / "migrations"
FIRST_PERMITS = 360
SCAN_EVERY = 12
A_WEEK = 3
FIRST_DAY = date(2024, 6, 3)
GIVEN = (
    "Amina", "Ana", "Besnik", "Dalia", "Davit", "Drita", "Elene", "Emir", "Fadi", "Goran",
    "Hana", "Ibrahim", "Ilir", "Jelena", "Ketevan", "Lana", "Levan", "Luka", "Mariam", "Milica",
    "Nino", "Nermin", "Omar", "Petar", "Rania", "Salome", "Samir", "Teuta", "Vahe", "Yara", "Zurab",
)  # fmt: skip
FAMILY = (
    "Abashidze", "Awad", "Begolli", "Dzhaparidze", "Gashi", "Haddad", "Hakobyan", "Hasani",
    "Ilić", "Jovanović", "Kapanadze", "Khoury", "Kovačević", "Krasniqi", "Mammadov", "Mansour",
    "Marković", "Nasser", "Petrosyan", "Salameh", "Shehu", "Tahirović", "Vuković",
)  # fmt: skip
STREETS = (
    "Almond Lane", "Bridge Street", "Cooper's Row", "Fig Tree Road", "Hill of the Well",
    "Lower Orchard", "Market Square", "Mill Street", "Olive Terrace", "Quarry Road", "Spring Alley",
)  # fmt: skip
STATUSES = ("granted", "granted", "granted", "in review", "refused")


def main() -> None:
    """Migrate, then seed; an error leaves the register as it was."""
    with register.session() as cursor:
        # A second start at the same time waits here instead of migrating as well.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (register.NUMBERING_LOCK,))
        migrate(cursor)
        cursor.execute("SELECT count(*) AS total FROM permits")
        if cursor.fetchone()["total"] == 0:
            seed(cursor, os.environ.get("PERMITS_MUNICIPALITY", ""))


def migrate(cursor: Any) -> None:
    """Apply the migrations that the schema_migrations table does not name yet, in order."""
    cursor.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations"
        " (name text PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now())"
    )
    cursor.execute("SELECT name FROM schema_migrations")
    applied = {row["name"] for row in cursor.fetchall()}
    for path in sorted(MIGRATIONS.glob("*.sql")):
        if path.name not in applied:
            cursor.execute(path.read_text(encoding="utf-8"))
            cursor.execute("INSERT INTO schema_migrations (name) VALUES (%s)", (path.name,))


def seed(cursor: Any, municipality: str) -> None:
    """Enter the first permits, and the scanned paper of every twelfth."""
    folder = register.scans_folder()
    folder.mkdir(parents=True, exist_ok=True)
    shift = int.from_bytes(hashlib.sha256(municipality.encode()).digest()[:2], "big")
    serials: dict[int, int] = {}
    for index in range(FIRST_PERMITS):
        submitted = FIRST_DAY + timedelta(weeks=index // A_WEEK, days=index % A_WEEK)
        serial = serials[submitted.year] = serials.get(submitted.year, 0) + 1
        number = f"{submitted.year}-{serial:04d}"
        key = register.insert(cursor, (number, *_application(index, shift), submitted, "received"))
        _decide(cursor, key, submitted, STATUSES[(index + shift) % len(STATUSES)])
        if index % SCAN_EVERY == 0:
            _keep_scan(cursor, key, folder / f"{number}.pdf", f"{municipality}: permit {number}")


def _application(index: int, shift: int) -> tuple[str, str, str]:
    place = index + shift
    applicant = f"{GIVEN[place % len(GIVEN)]} {FAMILY[place * 7 % len(FAMILY)]}"
    address = f"{STREETS[place * 3 % len(STREETS)]} {1 + place * 5 % 88}"
    return applicant, register.KINDS[place * 11 % len(register.KINDS)], address


def _decide(cursor: Any, key: int, submitted: date, status: str) -> None:
    cursor.execute("UPDATE permits SET status = %s WHERE id = %s", (status, key))
    cursor.execute(
        "INSERT INTO events (permit, happened, what) VALUES (%s, %s, %s)",
        (key, submitted + timedelta(days=12), status),
    )


def _keep_scan(cursor: Any, key: int, path: Path, title: str) -> None:
    content = pdf(title)
    path.write_bytes(content)
    cursor.execute(
        "INSERT INTO scans (permit, file, sha256) VALUES (%s, %s, %s)",
        (key, path.name, hashlib.sha256(content).hexdigest()),
    )


def pdf(line: str) -> bytes:
    """Return a one-page PDF 1.4 file (ISO 32000) with one line of text."""
    text = line.encode("ascii", "replace").translate(None, rb"()\\").decode()
    page = f"BT /F1 24 Tf 72 720 Td ({text}) Tj ET"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        " /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(page)} >>\nstream\n{page}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    out = b"%PDF-1.4\n"
    starts = []
    for number, body in enumerate(objects, 1):
        starts.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{start:010d} 00000 n \n" for start in starts)
    head = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    tail = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return out + head.encode() + tail.encode()


if __name__ == "__main__":
    main()
