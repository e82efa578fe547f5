"""The agent: counts each confirmed repair once, and looks whether its build month stands out."""

import sqlite3
from collections.abc import Mapping

from master_orchestrator_agents.quality.records import LotKey
from master_orchestrator_agents.quality.verdicts import MIN_CLAIMS
from master_orchestrator_agents.reference.manufacturing_quality.lots import concern_of, day_of, judge
from master_orchestrator_agents.reference.manufacturing_quality.store import (
    QualityStore,
    Repair,
    count_repair,
    earlier_result,
    open_capa,
    record_result,
)
from master_orchestrator_agents.reference.ports import ProductionRegister
from master_orchestrator_agents.reference.repair_words import component_of
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.results import ManufacturingQualityResult
from master_orchestrator_schemas.tasks import ManufacturingQualityTask


class ManufacturingQualityAgent:
    """Counts confirmed repairs by component, model and build month."""

    def __init__(self, store: QualityStore, production: ProductionRegister) -> None:
        self._store = store
        self._production = production

    def __call__(self, task: Task[ManufacturingQualityTask]) -> ManufacturingQualityResult:
        """Claims of the component and model so far, whether its build month is out of control, and the action."""
        given = task.expect(ManufacturingQualityTask)
        component = component_of(given.confirmed_cause or "")
        if component is None:
            return ManufacturingQualityResult(summary="no confirmed repair: nothing to count")
        with task.access("read", "production_register", rows=1):
            repair = self._repair(task, given, component)
        with self._store.database.write() as sql:
            with task.access("read", "maintenance_history"):
                earlier = earlier_result(sql, task.workflow_id)
            if earlier is not None:
                return ManufacturingQualityResult.model_validate_json(earlier)
            with task.access("write", "maintenance_history", rows=1):
                repairs = count_repair(sql, repair)
            with task.access("read", "production_register") as access:
                volumes = self._production.volumes(repair.built.model)
                access.rows = len(volumes)
            result = self._judged(sql, task, repair, repairs, volumes)
            with task.access("write", "maintenance_history", rows=1):
                record_result(sql, task.workflow_id, result.model_dump_json())
        return result

    def _judged(
        self,
        sql: sqlite3.Connection,
        task: Task[ManufacturingQualityTask],
        repair: Repair,
        repairs: Mapping[tuple[str, int], int],
        volumes: Mapping[str, int],
    ) -> ManufacturingQualityResult:
        """Where the repair's build month stands among all of its model; an action if it stands out."""
        model, month = repair.built.model, repair.built.month
        own = sum(count for (built, _), count in repairs.items() if built == month)
        capa, expected = None, ""
        if own >= MIN_CLAIMS and volumes.get(month):
            analysis = judge(repair.component, model, repairs, volumes, day_of(task.issued_at_ms))
            key = LotKey(repair.component, month)
            expected = f", {analysis.point(key).expected:.1f} expected"
            if key in analysis.bad_lots:
                with task.access("write", "capa", rows=1):
                    capa = open_capa(sql, concern_of(analysis, key), model, task.issued_at_ms)
        return ManufacturingQualityResult(
            component=repair.component,
            claims=sum(repairs.values()),
            signal=capa is not None,
            capa_id=capa,
            summary=f"{repair.component}, {model} of {month}: {own} claims of {volumes.get(month, 0)}{expected}",
        )

    def _repair(self, task: Task, given: ManufacturingQualityTask, component: str) -> Repair:
        return Repair(
            workflow_id=task.workflow_id,
            command_id=task.command_id,
            vehicle_id=task.vehicle_id,
            component=component,
            subsystem=given.confirmed_subsystem,
            built=self._production.built(task.vehicle_id, given.model),
            repaired_at_ms=given.repaired_at_ms,
            odometer_m=given.odometer_m,
        )
