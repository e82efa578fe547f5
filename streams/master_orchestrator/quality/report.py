"""What an analysis says: one value for JSON, and the text that people read."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from master_orchestrator.quality.files import SetAside
from master_orchestrator.quality.modes import mode_of
from master_orchestrator_agents.quality.analysis import ComponentChart, QualityAnalysis
from master_orchestrator_agents.quality.eight_d import Concern, eight_d
from master_orchestrator_agents.quality.in_service import curve_of
from master_orchestrator_agents.quality.outlook import COVERAGE, next_quarter
from master_orchestrator_agents.quality.records import LotKey
from master_orchestrator_agents.quality.steps import SupplierStep

AGES = (3, 6, 12, 24, 36)
"""Months in service at which claims per 1000 are told."""
LOT_HEADINGS = (
    "component", "lot", "supplier", "built", "units", "claims", "expected", "ratio", "limit", "by chance", "because",
)  # fmt: skip
COMPONENT_HEADINGS = (
    "component", "lots", "units", "claims", "per 1000 at 12 months", "mode (Weibull shape)", "next quarter, 9 of 10",
)  # fmt: skip


@dataclass(frozen=True)
class QualityReport:
    """An analysis, and what was set aside before it."""

    analysis: QualityAnalysis
    aside: SetAside

    def value(self) -> dict[str, Any]:
        """What is written as JSON."""
        analysis = self.analysis
        return {
            "until": date.fromordinal(analysis.until).isoformat(),
            "lots": len(analysis.lots),
            "claims": sum(counts.total for counts in analysis.counts.values()),
            "set_aside": [
                {"reason": reason, "claims": count, "first_line": self.aside.first_lines[reason]}
                for reason, count in self.aside.counts.items()
            ],
            "bad_lots": [self._lot(key) for key in sorted(analysis.flagged, key=self._order)],
            "steps": [_step(step) for step in analysis.steps],
            "capas": [self._capa(concern) for concern in self._concerns()],
            "components": [self._component(chart) for chart in analysis.charts.values()],
        }

    def text(self) -> RenderableType:
        """The same for people: what stands out, the actions, then the components."""
        value = self.value()
        head = f"{value['claims']:,} claims of {value['lots']:,} lots until {value['until']}: "
        head += f"{len(value['bad_lots'])} lots stand out, {len(value['steps'])} steps of suppliers"
        parts: list[RenderableType] = [Text(head, style="bold")]
        parts += [
            Text(
                f"set aside: {each['claims']:,} claims, {each['reason']} (first: line {each['first_line']})",
                style="yellow",
            )
            for each in value["set_aside"]
        ]
        if value["bad_lots"]:
            parts += [Text(), _lots_table(value["bad_lots"])]
        for step in value["steps"]:
            parts.append(Text(_step_line(step), style="bold red"))
        for capa in value["capas"]:
            parts += [Text(), Text(capa["capa_id"], style="bold")]
            parts += [Text(f"  {each['name']} [{each['status'].lower()}]: {each['text']}") for each in capa["eight_d"]]
        return Group(*parts, Text(), _components_table(value["components"]))

    def _order(self, key: LotKey) -> tuple[float, LotKey]:
        return self.analysis.point(key).tail, key

    def _lot(self, key: LotKey) -> dict[str, Any]:
        main = max(self.analysis.lots[key], key=lambda batch: batch.units)
        point = self.analysis.point(key)
        in_step = any(key in step.lots for step in self.analysis.steps)
        return {
            "component": key.component,
            "lot": key.lot,
            "supplier": main.supplier,
            "plant": main.plant,
            "model": main.model,
            "build_month": _month(main.built_day),
            "units": sum(batch.units for batch in self.analysis.lots[key]),
            "claims": point.claims,
            "expected": round(point.expected, 2),
            "ratio": round(point.ratio, 2),
            "limit": round(point.limit, 2),
            "tail": point.tail,
            "because": [why for why, holds in (("lot", key in self.analysis.bad_lots), ("step", in_step)) if holds],
        }

    def _component(self, chart: ComponentChart) -> dict[str, Any]:
        flagged = {key for key in self.analysis.flagged if key.component == chart.component}
        usual = [key for key in chart.points if key not in flagged]
        expectation = next_quarter(self.analysis, chart)
        return {
            "component": chart.component,
            "lots": len(chart.points),
            "units": sum(batch.units for key in chart.points for batch in self.analysis.lots[key]),
            "claims": sum(point.claims for point in chart.points.values()),
            "sigma_z": round(chart.baseline.spread.sigma, 3),
            "tau": round(chart.baseline.spread.tau, 3),
            "weibull": asdict(mode_of(self.analysis, chart.points)),
            "claims_per_1000": {
                "usual": self._ages(usual),
                **({"standing_out": self._ages(sorted(flagged))} if flagged else {}),
            },
            "next_quarter": {
                "claims": round(expectation.claims, 1),
                "interval": [expectation.low, expectation.high],
                "coverage": COVERAGE,
            },
        }

    def _ages(self, keys: Sequence[LotKey]) -> dict[str, float]:
        """Claims per 1000 vehicles by months in service."""
        curve = curve_of(self.analysis, keys).per_thousand if keys else []
        return {str(age): round(curve[age - 1], 2) for age in AGES if age <= len(curve)}

    def _concerns(self) -> list[tuple[Concern, Sequence[LotKey]]]:
        """One per step, and one per bad lot that no step explains."""
        steps = self.analysis.steps
        explained = {key for step in steps for key in step.lots}
        alone = [[key] for key in sorted(self.analysis.bad_lots - explained, key=self._order)]
        groups = [(step.lots, True) for step in steps] + [(tuple(keys), False) for keys in alone]
        return [(self._concern(keys, is_step=is_step), keys) for keys, is_step in groups]

    def _concern(self, keys: Sequence[LotKey], *, is_step: bool) -> Concern:
        batches = [batch for key in keys for batch in self.analysis.lots[key]]
        points = [self.analysis.point(key) for key in keys]
        return Concern(
            component=keys[0].component,
            lots=[key.lot for key in keys],
            suppliers=sorted({batch.supplier for batch in batches}),
            plants=sorted({batch.plant for batch in batches}),
            first_month=_month(min(batch.built_day for batch in batches)),
            last_month=_month(max(batch.built_day for batch in batches)),
            units=sum(batch.units for batch in batches),
            claims=sum(point.claims for point in points),
            expected=sum(point.expected for point in points),
            mode=mode_of(self.analysis, keys).mode,
            is_step=is_step,
        )

    def _capa(self, of: tuple[Concern, Sequence[LotKey]]) -> dict[str, Any]:
        concern, keys = of
        return {
            "capa_id": concern.capa_id,
            **asdict(concern),
            "expected": round(concern.expected, 2),
            "claims_per_1000": self._ages(keys),
            "eight_d": [asdict(discipline) for discipline in eight_d(concern)],
        }


def _month(day: int) -> str:
    return f"{date.fromordinal(day):%Y-%m}"


def _step(step: SupplierStep) -> dict[str, Any]:
    return {
        "component": step.component,
        "supplier": step.supplier,
        "from_month": _month(step.from_day),
        "to_month": _month(step.to_day),
        "ratio": round(step.ratio, 2),
        "claims": step.claims,
        "expected": round(step.expected, 2),
        "tail": step.tail,
        "lots": [key.lot for key in step.lots],
    }


def _step_line(step: Mapping[str, Any]) -> str:
    return (
        f"{step['supplier']} stepped up with {step['component']}, built {step['from_month']} to {step['to_month']}: "
        f"{step['ratio']:.1f} times its other lots ({step['claims']} claims, {step['expected']:.0f} expected)"
    )


def _lots_table(lots: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(
        "component", "lot", "supplier", "built", "units", "claims", "expected", "ratio", "limit", "by chance", "because"
    )
    for lot in lots:
        table.add_row(
            lot["component"], lot["lot"], lot["supplier"], lot["build_month"], f"{lot['units']:,}",
            f"{lot['claims']:,}", f"{lot['expected']:.1f}", f"{lot['ratio']:.1f}", f"{lot['limit']:.1f}",
            f"{lot['tail']:.0e}", ", ".join(lot["because"]),
        )  # fmt: skip
    return table


def _components_table(components: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(
        "component", "lots", "units", "claims", "per 1000 at 12 months", "mode (Weibull shape)", "next quarter, 9 of 10"
    )
    for each in components:
        at_12 = each["claims_per_1000"]["usual"].get("12")
        weibull, following = each["weibull"], each["next_quarter"]
        shape = (
            ""
            if weibull["shape"] is None
            else (f" ({weibull['shape']:.2f}, {weibull['shape_low']:.2f} to {weibull['shape_high']:.2f})")
        )
        low, high = following["interval"]
        table.add_row(
            each["component"], f"{each['lots']:,}", f"{each['units']:,}", f"{each['claims']:,}",
            "" if at_12 is None else f"{at_12:.1f}", f"{weibull['mode']}{shape}",
            f"{math.ceil(following['claims']):,} ({low:,} to {high:,})",
        )  # fmt: skip
    return table
