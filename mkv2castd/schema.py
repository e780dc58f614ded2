"""The database's tables, and the steps from each older shape to the present one.

`PRAGMA user_version` counts the steps that were taken. A step is never changed once it has been released; what
comes later is a further step.
"""

from __future__ import annotations

import sqlite3

STEPS: tuple[str, ...] = (
    """
    CREATE TABLE jobs (
        id TEXT PRIMARY KEY,
        folder TEXT NOT NULL,
        source BLOB NOT NULL,
        device INTEGER, inode INTEGER, size INTEGER, mtime_ns INTEGER,
        status TEXT NOT NULL,
        stage TEXT,
        sequence INTEGER NOT NULL,
        priority INTEGER NOT NULL,
        paused INTEGER NOT NULL,
        profile TEXT,
        container TEXT,
        wanted_device TEXT,
        lane TEXT,
        output BLOB,
        output_size INTEGER,
        skipped INTEGER NOT NULL,
        reason TEXT,
        error TEXT, message TEXT, details TEXT,
        analysis TEXT,
        created_at REAL NOT NULL,
        started_at REAL,
        finished_at REAL,
        revision INTEGER NOT NULL,
        name TEXT NOT NULL
    );
    CREATE INDEX jobs_by_status ON jobs (status, priority DESC, sequence);
    CREATE INDEX jobs_by_source ON jobs (source);
    CREATE INDEX jobs_by_output ON jobs (output) WHERE output IS NOT NULL;
    CREATE INDEX jobs_by_age ON jobs (sequence);
    CREATE INDEX jobs_by_end ON jobs (finished_at) WHERE finished_at IS NOT NULL;

    CREATE TABLE attempts (
        job_id TEXT NOT NULL,
        number INTEGER NOT NULL,
        device TEXT NOT NULL,
        started_at REAL NOT NULL,
        outcome TEXT NOT NULL,
        ended_at REAL,
        error TEXT, message TEXT, details TEXT,
        exit_code INTEGER,
        temporary BLOB,
        PRIMARY KEY (job_id, number)
    ) WITHOUT ROWID;
    CREATE INDEX attempts_by_outcome ON attempts (outcome) WHERE outcome = 'running';

    -- Files that were seen: sources with the job that they became, and our own outputs with their origin.
    CREATE TABLE files (
        path BLOB PRIMARY KEY,
        folder TEXT NOT NULL,
        device INTEGER NOT NULL, inode INTEGER NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('source', 'output')),
        job_id TEXT,
        origin BLOB,
        gone_at REAL,
        complete INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX files_by_identity ON files (inode, size, mtime_ns);
    CREATE INDEX files_by_folder ON files (folder);

    -- What is being put in place: written before the first rename, removed when all of it is done.
    CREATE TABLE commits (
        job_id TEXT PRIMARY KEY,
        entry BLOB NOT NULL
    ) WITHOUT ROWID;
    """,
    """
    ALTER TABLE jobs ADD COLUMN lane_reason TEXT;
    ALTER TABLE jobs ADD COLUMN work TEXT;
    ALTER TABLE attempts ADD COLUMN why TEXT;
    ALTER TABLE attempts ADD COLUMN means TEXT;
    ALTER TABLE attempts ADD COLUMN spared INTEGER NOT NULL DEFAULT 0;

    -- what waits to be encoded is analysed anew: how much there is to do was not written down before
    UPDATE jobs SET status = 'analyzing', stage = 'analyzing' WHERE status = 'queued' AND lane = 'cpu';

    -- How fast devices were, by the kind of work: million pixels a second.
    CREATE TABLE speeds (
        device TEXT NOT NULL,
        kind TEXT NOT NULL,
        speed REAL NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (device, kind)
    ) WITHOUT ROWID;
    """,
    """
    -- How many jobs of each status, and films that are there, each folder has. Kept by triggers, since counting
    -- 100,000 rows takes longer than anything else that is asked; a REPLACE counts only with recursive triggers.
    CREATE TABLE tallies (
        folder TEXT NOT NULL,
        kind TEXT NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (folder, kind)
    ) WITHOUT ROWID;
    INSERT INTO tallies SELECT folder, status, count(*) FROM jobs GROUP BY folder, status;
    INSERT INTO tallies SELECT folder, 'film', count(*) FROM files
        WHERE kind = 'source' AND gone_at IS NULL GROUP BY folder;

    -- no ON CONFLICT: the statement that fires a trigger has the say over conflicts inside it
    CREATE TRIGGER job_added AFTER INSERT ON jobs BEGIN
        INSERT INTO tallies SELECT NEW.folder, NEW.status, 0
            WHERE NOT EXISTS (SELECT 1 FROM tallies WHERE folder = NEW.folder AND kind = NEW.status);
        UPDATE tallies SET count = count + 1 WHERE folder = NEW.folder AND kind = NEW.status;
    END;
    CREATE TRIGGER job_gone AFTER DELETE ON jobs BEGIN
        UPDATE tallies SET count = count - 1 WHERE folder = OLD.folder AND kind = OLD.status;
    END;
    CREATE TRIGGER film_added AFTER INSERT ON files WHEN NEW.kind = 'source' AND NEW.gone_at IS NULL BEGIN
        INSERT INTO tallies SELECT NEW.folder, 'film', 0
            WHERE NOT EXISTS (SELECT 1 FROM tallies WHERE folder = NEW.folder AND kind = 'film');
        UPDATE tallies SET count = count + 1 WHERE folder = NEW.folder AND kind = 'film';
    END;
    CREATE TRIGGER film_gone AFTER DELETE ON files WHEN OLD.kind = 'source' AND OLD.gone_at IS NULL BEGIN
        UPDATE tallies SET count = count - 1 WHERE folder = OLD.folder AND kind = 'film';
    END;
    """,
)


def migrate(connection: sqlite3.Connection) -> None:
    """Brings the database to the present shape. Raises sqlite3.DatabaseError on one that is newer than this
    program or that is no database."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(STEPS):
        raise NewerSchema(f"the database has shape {version}, this program knows up to {len(STEPS)}")
    for number in range(version, len(STEPS)):
        connection.executescript(f"BEGIN; {STEPS[number]} PRAGMA user_version = {number + 1}; COMMIT;")


class NewerSchema(Exception):
    """The state folder was written by a newer mkv2castd."""
