"""Technicians' texts: what was at fault, what was not, in three languages, with mistakes."""

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from master_orchestrator_agents.reference.diagnosis import load_knowledge
from master_orchestrator_agents.reference.repair_words import causes_of, component_of, read_repair
from master_orchestrator_agents.reference.repair_words.text import MIN_NEAR, folded, is_near
from master_orchestrator_agents.reference.repair_words.words import components

KNOWN_CAUSES = {cause.component for cause in load_knowledge().causes}
PHRASES = sorted({(word, name) for name, entry in components().items() for word in entry["words"]})
WORDS = st.text(alphabet="abcdefghijklmnopqrstuvwxyz äöüñéß-.,;:/", max_size=60)


@pytest.mark.parametrize(
    ("text", "at_fault", "cleared"),
    [
        ("Water-Pump replaced", ["water_pump"], []),
        ("Wasserpumpe", ["water_pump"], []),
        ("waterpumps worn", ["water_pump"], []),
        ("Watter pump worn", ["water_pump"], []),
        ("Kuehlmittelpumpe undicht", ["water_pump"], []),
        ("se cambia la bomba de agua", ["water_pump"], []),
        ("thermostat housing leak", ["coolant_leak"], []),
        ("thermostat checked ok, hose replaced", ["coolant_leak"], ["thermostat"]),
        ("thermostat ok hose replaced", ["coolant_leak"], ["thermostat"]),
        ("Thermostat geprüft i.O., Kühlerschlauch undicht", ["coolant_leak"], ["thermostat"]),
        ("Thermostat n.i.O.", ["thermostat"], []),
        ("Thermostat öffnet nicht", ["thermostat"], []),
        ("thermostat is not working", ["thermostat"], []),
        ("thermostat stuck open", ["thermostat_stuck_open"], []),
        ("themrostat", ["thermostat"], []),
        ("checked thermostat and water pump, both ok", [], ["thermostat", "water_pump"]),
        ("checked thermostat and replaced hose", ["coolant_leak"], []),
        ("thermostat not replaced", [], []),
        ("nicht die Wasserpumpe, sondern Thermostat defekt", ["thermostat"], ["water_pump"]),
        ("no es la bomba de agua, es el termostato", ["thermostat"], ["water_pump"]),
        ("thermostat was fine but the water pump leaked", ["water_pump"], ["thermostat"]),
        ("Batterie getestet gut, Lichtmaschine lädt nicht", ["alternator"], ["battery_12v"]),
        ("no coolant leak found, radiator fan dead", ["radiator_fan"], ["coolant_leak"]),
        ("Wasserpumpe ersetzt. Probefahrt i.O.", ["water_pump"], []),
        ("water pump, worn", ["water_pump"], []),
        ("Zündkerzen und Zündspulen gewechselt", ["spark_plugs", "ignition_coil"], []),
        ("thermostat ok; thermostat replaced", ["thermostat"], []),
        ("motor de arranque averiado", ["starter"], []),
        ("loose ground strap on battery", ["charging_wiring"], []),
        ("Lambdasonde hinter dem Kat ersetzt", ["oxygen_sensor"], []),
        ("manguera del radiador rota", ["coolant_leak"], []),
        ("coolant leak at the water pump", ["coolant_leak", "water_pump"], []),
        ("not the alternator, battery cable corroded", ["charging_wiring"], ["alternator"]),
        ("front pads and rotors replaced", ["brake_pads", "brake_discs"], []),
        ("Verdacht auf Zylinderkopfdichtung, CO-Test i.O.", [], ["head_gasket"]),
        ("boost hose off", ["turbocharger"], []),
        ("MAP sensor", ["manifold_pressure_sensor"], []),
        ("oil sump cracked", ["oil_level_low"], []),
        ("WAPU undicht", ["water_pump"], []),
        ("Marderbiss, Zündkabel erneuert", ["wiring_harness", "spark_plugs"], []),
    ],
)
def test_a_text_says_what_was_at_fault(text: str, at_fault: list[str], cleared: list[str]) -> None:
    found = read_repair(text)

    assert (at_fault, cleared) == ([*found.components], [*found.cleared])


@pytest.mark.parametrize(
    "text",
    [
        "No fault found",
        "NFF",
        "none",
        "could not reproduce",
        "Kein Fehler gefunden",
        "o. B., ohne Befund",
        "sin avería",
        "all ok",
        "alles i.O.",
        "todo en orden",
    ],
)
def test_no_fault_is_an_answer(text: str) -> None:
    assert read_repair(text).no_fault
    assert component_of(text) is None


@pytest.mark.parametrize("text", ["flux capacitor", "engine started", "P0301", "checked", "", "customer waits outside"])
def test_what_is_not_understood_is_not_guessed(text: str) -> None:
    assert not read_repair(text).is_mapped


def test_what_is_not_understood_is_counted_by_its_words() -> None:
    assert "flux_capacitor" == component_of("Flux-Capacitor")
    assert component_of(" - ") is None


def test_every_cause_of_the_knowledge_base_is_in_the_vocabulary() -> None:
    said = {name: [each for part in read_repair(name).components for each in causes_of(part)] for name in KNOWN_CAUSES}

    assert {name: [name] for name in KNOWN_CAUSES} == said
    assert KNOWN_CAUSES == {cause for name in components() for cause in causes_of(name)}


def test_every_word_is_that_of_its_component() -> None:
    assert {word: (name,) for word, name in PHRASES} == {word: read_repair(word).components for word, _ in PHRASES}


def test_no_word_is_one_mistake_from_that_of_another_component() -> None:
    joined = [(folded(word).replace(" ", ""), name) for word, name in PHRASES]
    long = [(word, name) for word, name in joined if len(word) >= MIN_NEAR]
    near = [(a, b) for a, one in long for b, other in long if one < other and a[0] == b[0] and is_near(a, b)]

    assert [] == near


CASES: list[Callable[[str], str]] = [str.upper, str.title, str.lower]


@given(st.sampled_from(PHRASES), st.sampled_from(CASES), st.sampled_from([" ", "-", "_", "  "]))
def test_case_accents_and_hyphens_make_no_difference(
    phrase: tuple[str, str], case: Callable[[str], str], space: str
) -> None:
    word, name = phrase
    bare = "".join(letter for letter in unicodedata.normalize("NFD", word) if not unicodedata.combining(letter))

    assert (name,) == read_repair(case(word).replace(" ", space)).components
    assert (name,) == read_repair(case(bare).replace(" ", space)).components


@given(WORDS)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert folded(text) == folded(folded(text))


@given(WORDS)
def test_any_text_is_read_and_a_component_is_never_both(text: str) -> None:
    found = read_repair(text)

    assert not set(found.components) & set(found.cleared)
    assert found == read_repair(text.upper())


@given(st.sampled_from(PHRASES))
def test_a_component_reads_as_itself_once_it_is_mapped(phrase: tuple[str, str]) -> None:
    assert phrase[1] == component_of(component_of(phrase[0]) or "")


@given(st.sampled_from(PHRASES), st.sampled_from(["checked ok", "geprüft i.O.", "revisado, en buen estado"]))
def test_what_is_called_ok_is_not_at_fault(phrase: tuple[str, str], ok: str) -> None:
    found = read_repair(f"{phrase[0]} {ok}")

    assert ((), (phrase[1],)) == (found.components, found.cleared)


def test_the_table_of_the_documentation_is_what_is_read() -> None:
    page = (Path(__file__).parents[2] / "docs" / "learning.md").read_text()
    rows = re.findall(r"^\| ([^|]+) \| (\w+) \| (\w*) ?\|$", page, re.MULTILINE)
    read = {text: read_repair(text) for text, _, _ in rows if text != "text"}

    assert {
        text: (at_fault.replace("unmapped", ""), cleared) for text, at_fault, cleared in rows if text != "text"
    } == {text: (" ".join(found.components), " ".join(found.cleared)) for text, found in read.items()}
    assert 6 <= len(rows)
