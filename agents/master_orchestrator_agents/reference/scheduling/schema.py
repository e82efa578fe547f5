"""The tables. Time at a workshop is in slots of half an hour, counted from 1970 UTC.

``occupancy`` is what makes a double booking impossible: its primary key has one row per resource and slot, so the
second of two bookings cannot be written, from any process.
"""

SLOT_MS = 1_800_000

SCHEMA = """
CREATE TABLE IF NOT EXISTS workshops (
    workshop_id TEXT PRIMARY KEY, name TEXT NOT NULL, zone TEXT NOT NULL, country TEXT NOT NULL, subdivision TEXT,
    urgent_share REAL NOT NULL CHECK (urgent_share BETWEEN 0 AND 1)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS opening_hours (
    workshop_id TEXT NOT NULL REFERENCES workshops, weekday INTEGER NOT NULL CHECK (weekday BETWEEN 0 AND 6),
    opens_min INTEGER NOT NULL, closes_min INTEGER NOT NULL, PRIMARY KEY (workshop_id, weekday)
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
    on_hand INTEGER NOT NULL CHECK (on_hand >= 0), lead_ms INTEGER NOT NULL, PRIMARY KEY (workshop_id, part)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS part_orders (
    appointment_id TEXT NOT NULL, workshop_id TEXT NOT NULL, part TEXT NOT NULL, arrives_ms INTEGER NOT NULL,
    PRIMARY KEY (appointment_id, part)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS part_orders_due ON part_orders (arrives_ms);
CREATE TABLE IF NOT EXISTS appointments (
    appointment_id TEXT PRIMARY KEY, command_id TEXT NOT NULL, workflow_id TEXT NOT NULL, vehicle_id TEXT NOT NULL,
    workshop_id TEXT NOT NULL, bay_id TEXT NOT NULL, technician_id TEXT NOT NULL,
    start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL, state TEXT NOT NULL, held_until_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS held ON appointments (held_until_ms) WHERE state = 'HELD';
CREATE INDEX IF NOT EXISTS held_by ON appointments (command_id) WHERE state = 'HELD';
CREATE UNIQUE INDEX IF NOT EXISTS one_per_workflow ON appointments (workflow_id) WHERE state = 'CONFIRMED';
CREATE TABLE IF NOT EXISTS occupancy (
    workshop_id TEXT NOT NULL, slot INTEGER NOT NULL, resource_id TEXT NOT NULL, appointment_id TEXT NOT NULL,
    urgent INTEGER NOT NULL, PRIMARY KEY (workshop_id, slot, resource_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bookings (
    command_id TEXT PRIMARY KEY, workflow_id TEXT NOT NULL, result TEXT NOT NULL
) WITHOUT ROWID;
"""
