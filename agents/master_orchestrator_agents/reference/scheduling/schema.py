"""The tables. Time at a workshop is in slots of half an hour, counted from 1970 UTC.

``occupancy`` is what makes a double booking impossible: its primary key has one row per resource and slot, so the
second of two bookings cannot be written, from any process. Statements and types are those that SQLite and PostgreSQL
share (``reference/sql.py``).

Without rows in ``productivity`` a technician works at 1, without ``shifts`` all opening hours. ``on_call``: when a
workshop takes URGENT vehicles outside its opening hours, with the technicians of ``on_call_technicians``; minutes of
the local day, past midnight above 1440; a public holiday has the hours of Sunday. ``part_orders``: what is on its way,
named after the appointment for which it was ordered. ``reserved_parts``: what an appointment needs, of the shelf or of
an order. ``jobs``: what each workflow's newest booking is for; ``agreed`` 0: the owner has not been told a time yet.
A job without a confirmed appointment waits for a place. ``moves``: what the nightly plan has moved, why,
and whether the engine has answered; ``left_places``: where the engine takes a moved appointment to be until then.
"""

SLOT_MS = 1_800_000

SCHEMA = """
CREATE TABLE IF NOT EXISTS workshops (
    workshop_id TEXT PRIMARY KEY, name TEXT NOT NULL, zone TEXT NOT NULL, country TEXT NOT NULL, subdivision TEXT,
    urgent_share DOUBLE PRECISION NOT NULL CHECK (urgent_share BETWEEN 0 AND 1)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS opening_hours (
    workshop_id TEXT NOT NULL REFERENCES workshops, weekday BIGINT NOT NULL CHECK (weekday BETWEEN 0 AND 6),
    opens_min BIGINT NOT NULL, closes_min BIGINT NOT NULL, PRIMARY KEY (workshop_id, weekday)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bays (
    bay_id TEXT PRIMARY KEY, workshop_id TEXT NOT NULL REFERENCES workshops, type TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS technicians (
    technician_id TEXT PRIMARY KEY, workshop_id TEXT NOT NULL REFERENCES workshops
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS skills (
    technician_id TEXT NOT NULL REFERENCES technicians, skill TEXT NOT NULL, PRIMARY KEY (technician_id, skill)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS parts (
    workshop_id TEXT NOT NULL REFERENCES workshops, part TEXT NOT NULL,
    on_hand BIGINT NOT NULL CHECK (on_hand >= 0), lead_ms BIGINT NOT NULL, PRIMARY KEY (workshop_id, part)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS part_orders (
    appointment_id TEXT NOT NULL, workshop_id TEXT NOT NULL, part TEXT NOT NULL, arrives_ms BIGINT NOT NULL,
    PRIMARY KEY (appointment_id, part)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reserved_parts (
    appointment_id TEXT NOT NULL, part TEXT NOT NULL, workshop_id TEXT NOT NULL, ordered_for TEXT,
    needed_until_ms BIGINT NOT NULL, PRIMARY KEY (appointment_id, part)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS reserved_of ON reserved_parts (workshop_id, part);
CREATE INDEX IF NOT EXISTS reserved_until ON reserved_parts (needed_until_ms);
CREATE TABLE IF NOT EXISTS productivity (
    technician_id TEXT NOT NULL REFERENCES technicians, skill TEXT NOT NULL,
    factor DOUBLE PRECISION NOT NULL CHECK (factor BETWEEN 0.1 AND 10), PRIMARY KEY (technician_id, skill)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS shifts (
    technician_id TEXT NOT NULL REFERENCES technicians, weekday BIGINT NOT NULL CHECK (weekday BETWEEN 0 AND 6),
    from_min BIGINT NOT NULL, to_min BIGINT NOT NULL, PRIMARY KEY (technician_id, weekday)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS absences (
    technician_id TEXT NOT NULL REFERENCES technicians, from_ms BIGINT NOT NULL, to_ms BIGINT NOT NULL,
    PRIMARY KEY (technician_id, from_ms)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS closures (
    workshop_id TEXT NOT NULL REFERENCES workshops, day TEXT NOT NULL, PRIMARY KEY (workshop_id, day)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS on_call (
    workshop_id TEXT NOT NULL REFERENCES workshops, weekday BIGINT NOT NULL CHECK (weekday BETWEEN 0 AND 6),
    from_min BIGINT NOT NULL, to_min BIGINT NOT NULL, PRIMARY KEY (workshop_id, weekday)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS on_call_technicians (technician_id TEXT PRIMARY KEY REFERENCES technicians) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS part_orders_due ON part_orders (arrives_ms);
CREATE TABLE IF NOT EXISTS appointments (
    appointment_id TEXT PRIMARY KEY, command_id TEXT NOT NULL, workflow_id TEXT NOT NULL, vehicle_id TEXT NOT NULL,
    workshop_id TEXT NOT NULL, bay_id TEXT NOT NULL, technician_id TEXT NOT NULL,
    start_ms BIGINT NOT NULL, end_ms BIGINT NOT NULL, state TEXT NOT NULL, held_until_ms BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS held ON appointments (held_until_ms) WHERE state = 'HELD';
CREATE INDEX IF NOT EXISTS held_by ON appointments (command_id) WHERE state = 'HELD';
CREATE UNIQUE INDEX IF NOT EXISTS one_per_workflow ON appointments (workflow_id) WHERE state = 'CONFIRMED';
CREATE TABLE IF NOT EXISTS jobs (
    workflow_id TEXT PRIMARY KEY, vehicle_id TEXT NOT NULL, priority BIGINT NOT NULL,
    safe_to_drive BIGINT NOT NULL, hours DOUBLE PRECISION NOT NULL,
    bay TEXT NOT NULL, skills TEXT NOT NULL, parts TEXT NOT NULL, from_ms BIGINT NOT NULL, due_ms BIGINT NOT NULL,
    agreed BIGINT NOT NULL CHECK (agreed IN (0, 1)), noted_ms BIGINT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS moves (
    appointment_id TEXT NOT NULL, moved_at_ms BIGINT NOT NULL, workflow_id TEXT NOT NULL,
    before_ms BIGINT NOT NULL, after_ms BIGINT NOT NULL, why TEXT NOT NULL,
    told BIGINT NOT NULL DEFAULT 0, PRIMARY KEY (appointment_id, moved_at_ms)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS left_places (
    appointment_id TEXT PRIMARY KEY, bay_id TEXT NOT NULL, technician_id TEXT NOT NULL, slots TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS occupancy (
    workshop_id TEXT NOT NULL, slot BIGINT NOT NULL, resource_id TEXT NOT NULL, appointment_id TEXT NOT NULL,
    urgent BIGINT NOT NULL, PRIMARY KEY (workshop_id, slot, resource_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bookings (
    command_id TEXT PRIMARY KEY, workflow_id TEXT NOT NULL, result TEXT NOT NULL
) WITHOUT ROWID;
"""
