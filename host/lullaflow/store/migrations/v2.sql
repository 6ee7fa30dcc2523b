-- What was set by hand while the daemon ran, so that a restart keeps it.
CREATE TABLE knobs (
    pump TEXT NOT NULL,                  -- '' for what is one for the whole house
    name TEXT NOT NULL,
    value TEXT NOT NULL,                 -- JSON
    configured TEXT NOT NULL,            -- JSON: what the settings file said then
    PRIMARY KEY (pump, name)
) WITHOUT ROWID;
