-- The register of building permits: applications, what happened to each, and their scans.
CREATE TABLE permits (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number     text NOT NULL UNIQUE,
    applicant  text NOT NULL CHECK (length(applicant) BETWEEN 2 AND 120),
    kind       text NOT NULL CHECK (kind IN (
                   'new house', 'extension', 'shop front', 'well', 'demolition', 'solar roof')),
    address    text NOT NULL CHECK (length(address) BETWEEN 2 AND 200),
    submitted  date NOT NULL,
    status     text NOT NULL DEFAULT 'received' CHECK (status IN (
                   'received', 'in review', 'granted', 'refused'))
);

CREATE TABLE events (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    permit     integer NOT NULL REFERENCES permits,
    happened   date NOT NULL,
    what       text NOT NULL
);

CREATE TABLE scans (
    permit     integer NOT NULL REFERENCES permits,
    file       text PRIMARY KEY CHECK (file ~ '^[A-Z0-9-]+\.pdf$'),
    sha256     text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$')
);

CREATE INDEX events_permit ON events (permit);
CREATE INDEX permits_submitted ON permits (submitted DESC, id DESC);
