"""What triage remembers of one vehicle between two readings: small, immutable, and part of the vehicle's state.

Sparse: a healthy vehicle holds no rule and no code, so the size does not grow with the rule set; and what is held is
keyed by rule name, so that trackers written under one topology load under the next. The structs are arrays on disk:
fields are only ever appended, with a default.
"""

import msgspec

NEVER = -1
"""A time before every other."""

UNKNOWN, STOPPED, RUNNING = 0, 1, 2
"""The engine's states."""

SLOTS: tuple[str, ...] = (
    "coolant_temp_c",
    "engine_oil_temp_c",
    "oil_pressure_kpa",
    "engine_rpm",
    "engine_load_pct",
    "throttle_pct",
    "map_kpa",
    "maf_gps",
    "intake_air_temp_c",
    "battery_voltage_v",
    "speed_kmh",
    "tyre_fl_kpa",
    "tyre_fr_kpa",
    "tyre_rl_kpa",
    "tyre_rr_kpa",
    "brake_pad_wear_fl_pct",
    "brake_pad_wear_fr_pct",
    "brake_pad_wear_rl_pct",
    "brake_pad_wear_rr_pct",
    "gearbox_temp_c",
    "stft_b1_pct",
    "ltft_b1_pct",
    "catalyst_temp_c",
    "ambient_temp_c",
    "hv_soh_pct",
    "hv_temp_max_c",
    "hv_cell_v_min",
    "hv_cell_v_max",
)
"""The signals that are summarised, and keys of rules. Their index is stored: only ever append.

Odometer and fuel level are not among them: their past says nothing of the vehicle's health.
"""


class Engine(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The engine as the readings show it; times in milliseconds since 1970, by the vehicle's clock.

    Args:
        state: UNKNOWN, STOPPED or RUNNING.
        since_ms: of the first reading in this state.
        seen_ms: of the last reading that said something of it.
        other_ms: of one reading that said otherwise; a second in a row changes the state. NEVER: none did.
        coolant_c: the newest plausible coolant temperature, seen at ``coolant_ms``.
        dip_v: the lowest voltage while not running, seen at ``dip_ms``; a start looks back on it.
        peak_c: how warm the coolant has become in this run, in steps of a degree; the last step was at ``peak_ms``.
        rpm: the newest engine speed, seen at ``rpm_ms``; ``load_pct`` and ``speed_kmh`` likewise.
        heard_ms, gap_ms: the newest reading with values, and how long after the one before.
        reach_ms: how far apart readings of a vehicle that reports slowly may be and still belong together; 0: as the
            topology says; one more than the most: they are further apart than any that belong together.
    """

    state: int = UNKNOWN
    since_ms: int = NEVER
    seen_ms: int = NEVER
    other_ms: int = NEVER
    coolant_c: float = 0.0
    coolant_ms: int = NEVER
    dip_v: float = 0.0
    dip_ms: int = NEVER
    peak_c: float = 0.0
    peak_ms: int = NEVER
    rpm: float = 0.0
    rpm_ms: int = NEVER
    load_pct: float = 0.0
    load_ms: int = NEVER
    speed_kmh: float = 0.0
    speed_ms: int = NEVER
    heard_ms: int = NEVER
    gap_ms: int = 0
    reach_ms: int = 0


class Tyres(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The tyres' assumed heat above ambient (K), and the pressures that losses are measured from (cold, kPa)."""

    heat_k: float
    heat_ms: int
    anchor_ms: int
    anchor_kpa: tuple[float | None, ...]


class Hold(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A rule whose condition holds.

    Pending: it has held from ``since_ms`` for ``lasted_ms``, and the last ``hits`` readings met it (0: the newest did
    not). Fired: it is silent until it clears; contradicted from ``since_ms`` for ``lasted_ms``, if at all (else 0).
    """

    since_ms: int
    lasted_ms: int = 0
    hits: int = 1
    fired: bool = False

    @property
    def until_ms(self) -> int:
        """When it was last seen so."""
        return self.since_ms + self.lasted_ms


class Code(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A trouble code that is present, last seen at ``at_ms``. ``level``: the priority reported, 0 while pending."""

    level: int
    at_ms: int


class Summary(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Running figures per signal: the slots of the signals, and a row of seven little-endian 32-bit floats for each."""

    at_ms: int = NEVER
    slots: bytes = b""
    rows: bytes = b""


class Memory(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One value per signal and day. The trackers hold it packed: few readings add to it (``memory.py``).

    Args:
        from_ms, at_ms: the first and the last reading of the day that is gathered; NEVER: none yet.
        keys: the signals, each its place in ``SLOTS`` or ``extras.NAME``.
        today: for each signal how many values the day has had, and those that were kept.
        heat_k: the least heat of the tyres with which the day has pressures (K above ambient).
        run_ms: for how long the engine had run when the day's values came of what warms up slowly, about.
        times: of the days that are over, hours since 1970; ``days``: their values, a row per day.
    """

    from_ms: int = NEVER
    at_ms: int = NEVER
    keys: tuple[int | str, ...] = ()
    today: bytes = b""
    times: bytes = b""
    days: bytes = b""
    heat_k: float = 0.0
    run_ms: int = 0


class Trackers(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Everything triage knows of one vehicle.

    Args:
        ts_ms: of the newest reading taken in; those before it are late, those of the same time add to it.
        model: the vehicle's model, if the topology makes an exception for it.
        holds: rule (or ``rule/slot``, where it has several signals) -> how long it has held; nothing for quiet ones.
        codes: trouble code, or ``spn/fmi`` -> what was made of it.
        memory: what is remembered from day to day, a packed ``Memory``; empty: nothing.
        present: the columns of the rule set that readings of ``ts_ms`` had a value for, one bit each.
        due_ms: when all signals that are remembered are looked at again; ``wanted``: those not looked at since, as bits
            of the rule set.
    """

    ts_ms: int = NEVER
    model: str | None = None
    engine: Engine = Engine()
    tyres: Tyres | None = None
    holds: dict[str, Hold] = {}
    codes: dict[str, Code] = {}
    summary: Summary = Summary()
    present: int = 0
    memory: bytes = b""
    due_ms: int = NEVER
    wanted: int = 0


def new_trackers() -> Trackers:
    """The trackers of a vehicle that nothing is known of."""
    return Trackers()


def active_dtcs(trackers: Trackers) -> tuple[str, ...]:
    """The trouble codes that are present and confirmed, J1939 faults as ``spn/fmi``; the most urgent first."""
    active = ((code.level, name) for name, code in trackers.codes.items() if code.level)
    return tuple(name for _, name in sorted(active))
