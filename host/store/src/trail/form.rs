//! The form of the tables, as the list of what made it what it is: the same for PostgreSQL and
//! SQLite, but for what they call times and JSON. A step that was released is never edited:
//! databases out there have taken it.

/// One after the other. A database remembers how many it has seen.
const STEPS: [&str; 2] = [
    "
    CREATE TABLE {schema}alerts (
        idempotency_key text PRIMARY KEY,
        sequence bigint NOT NULL,
        flow text NOT NULL,
        node text NOT NULL,
        camera text NOT NULL,
        key text NOT NULL,
        kind text NOT NULL,
        phase text NOT NULL,
        severity text NOT NULL,
        at_ns bigint NOT NULL,
        at {time} GENERATED ALWAYS AS ({time of at_ns}) STORED,
        media_time_ns bigint NOT NULL,
        frame bigint NOT NULL,
        class text NOT NULL,
        zone text,
        confidence real NOT NULL,
        track bigint,
        count bigint NOT NULL,
        body {json} NOT NULL,
        written_at {time} NOT NULL DEFAULT CURRENT_TIMESTAMP
    );
    CREATE INDEX alerts_in_order ON {schema}alerts (flow, sequence);

    CREATE TABLE {schema}deliveries (
        idempotency_key text NOT NULL,
        flow text NOT NULL,
        adapter text NOT NULL,
        outcome text NOT NULL,
        reason text,
        attempts bigint NOT NULL,
        at_ns bigint NOT NULL,
        at {time} GENERATED ALWAYS AS ({time of at_ns}) STORED,
        PRIMARY KEY (idempotency_key, adapter)
    );

    -- What a flow consists of, in versions. The one without `until_ns` is how it is now.
    CREATE TABLE {schema}cameras (
        flow text NOT NULL,
        name text NOT NULL,
        version bigint NOT NULL,
        content text NOT NULL,
        address text NOT NULL,
        fps real NOT NULL,
        since_ns bigint NOT NULL,
        until_ns bigint,
        PRIMARY KEY (flow, name, version)
    );
    CREATE TABLE {schema}zones (
        flow text NOT NULL,
        name text NOT NULL,
        version bigint NOT NULL,
        content text NOT NULL,
        polygon {json} NOT NULL,
        since_ns bigint NOT NULL,
        until_ns bigint,
        PRIMARY KEY (flow, name, version)
    );
    CREATE TABLE {schema}models (
        flow text NOT NULL,
        name text NOT NULL,
        version bigint NOT NULL,
        content text NOT NULL,
        path text NOT NULL,
        fingerprint text NOT NULL,
        classes {json} NOT NULL,
        confidence real NOT NULL,
        iou real NOT NULL,
        since_ns bigint NOT NULL,
        until_ns bigint,
        PRIMARY KEY (flow, name, version)
    );
    ",
    "
    CREATE TABLE {schema}checkpoints (
        flow text NOT NULL,
        camera text NOT NULL,
        node text NOT NULL,
        plugin text NOT NULL,
        version bigint NOT NULL,
        frame bigint NOT NULL,
        at_ns bigint NOT NULL,
        at {time} GENERATED ALWAYS AS ({time of at_ns}) STORED,
        bytes bigint NOT NULL,
        PRIMARY KEY (flow, camera, node)
    );
    CREATE INDEX alerts_of_camera ON {schema}alerts (camera, at_ns);
    ",
];

/// How many steps there are.
pub(super) const NEWEST: usize = STEPS.len();

/// What a database calls things.
#[derive(Clone, Copy)]
pub(super) struct Dialect {
    /// What stands before the names of tables.
    pub(super) schema: &'static str,
    time: &'static str,
    time_of_at: &'static str,
    json: &'static str,
}

pub(super) const POSTGRES: Dialect = Dialect {
    schema: "agave.",
    time: "timestamptz",
    time_of_at: "to_timestamp(at_ns / 1000000000.0::double precision)",
    json: "jsonb",
};

pub(super) const SQLITE: Dialect = Dialect {
    schema: "",
    time: "text",
    time_of_at: "strftime('%Y-%m-%dT%H:%M:%fZ', at_ns / 1000000000.0, 'unixepoch')",
    json: "text",
};

impl Dialect {
    /// The steps behind the first `seen`, as statements.
    pub(super) fn steps(self, seen: usize) -> impl Iterator<Item = String> {
        STEPS.iter().skip(seen).map(move |step| {
            step.replace("{schema}", self.schema)
                .replace("{time}", self.time)
                .replace("{time of at_ns}", self.time_of_at)
                .replace("{json}", self.json)
        })
    }
}
