-- A recording is everything one core saw from one start of a pump's board, in the order it saw it.
CREATE TABLE recordings (
    id INTEGER PRIMARY KEY,
    pump TEXT NOT NULL,
    boot_id INTEGER NOT NULL,
    info TEXT NOT NULL,                  -- JSON: wall time of t_s = 0, the core's settings
    ended INTEGER NOT NULL DEFAULT 0     -- 0: to be continued (after a crash: replayed)
);
CREATE INDEX recordings_unfinished ON recordings (pump) WHERE ended = 0;

-- Frames and other inputs share one count of positions within their recording.
CREATE TABLE frames (
    recording INTEGER NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    seq INTEGER NOT NULL,                -- the board's sequence number, as in the frame
    raw BLOB NOT NULL,
    PRIMARY KEY (recording, position)
) WITHOUT ROWID;

CREATE TABLE inputs (
    recording INTEGER NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (recording, position)
) WITHOUT ROWID;

CREATE TABLE sessions (
    pump TEXT NOT NULL,
    id TEXT NOT NULL,
    recording INTEGER NOT NULL REFERENCES recordings (id),
    started_at TEXT NOT NULL,
    recording_s REAL NOT NULL,           -- where its first moment lies in the recording
    summary TEXT,                        -- JSON of session_ended, null while it runs
    PRIMARY KEY (pump, id)
) WITHOUT ROWID;
CREATE INDEX sessions_of_recording ON sessions (recording);

-- Every event ever said; those with published = 0 are the outbox of the MQTT publisher.
CREATE TABLE events (
    number INTEGER PRIMARY KEY,
    pump TEXT NOT NULL,
    id TEXT NOT NULL,
    session TEXT,
    json TEXT NOT NULL,
    published INTEGER NOT NULL DEFAULT 0,
    UNIQUE (pump, id)
);
CREATE INDEX events_pending ON events (number) WHERE published = 0;
CREATE INDEX events_of_session ON events (pump, session);
