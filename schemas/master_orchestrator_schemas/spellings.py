"""How exports spell the names of our fields, as ``lower_case_with_underscores`` and without a unit."""

from collections.abc import Iterator, Mapping

_NAMES: Mapping[str, str] = {
    "vehicle_id": "vehicle vehicle_id vehicleid vehicle_no vehicle_number car car_id truck truck_id asset asset_id "
    "unit_id",
    "model": "model vehicle_model",
    "coolant_temp_c": "engine_temp engine_temperature coolant coolant_temp coolant_temperature engine_coolant_temp "
    "engine_coolant_temperature engine_coolant coolant_tmp ect water_temp water_temperature engine_water_temp",
    "engine_oil_temp_c": "engine_oil_temp engine_oil_temperature oil_temp oil_temperature eot",
    "oil_pressure_kpa": "oil_pressure engine_oil_pressure oil_press eop",
    "engine_rpm": "rpm engine_rpm engine_speed engine_revs revs",
    "engine_load_pct": "engine_load calculated_load calculated_engine_load calculated_engine_load_value calc_load "
    "calculated_load_value engine_load_calculated engine_load_value",
    "throttle_pct": "throttle throttle_position throttle_pos absolute_throttle_position absolute_throttle_pos tps "
    "throttle_position_manifold absolute_throttle_position_b throttle_position_absolute throttle_pedal",
    "map_kpa": "map intake_manifold_pressure intake_manifold_absolute_pressure manifold_absolute_pressure "
    "manifold_pressure intake_pressure",
    "maf_gps": "maf mass_air_flow mass_airflow mass_air_flow_rate air_flow_rate maf_air_flow_rate mass_air_flow_sensor "
    "maf_rate air_flow_rate_from_mass_flow_sensor",
    "intake_air_temp_c": "intake_air_temp intake_air_temperature intake_temp intake_temperature iat",
    "battery_voltage_v": "battery_voltage battery battery_volts batt_voltage batt vbat vbatt control_module_voltage "
    "voltage_control_module module_voltage system_voltage supply_voltage ecu_voltage obd_adapter_voltage "
    "voltage_obd_adapter obd_module_voltage adapter_voltage battery_potential charging_system_potential "
    "battery_potential_power_input_1 alternator_voltage",
    "speed_kmh": "speed vehicle_speed speed_obd obd_speed vehicle_speed_sensor vehicle_speed_obd road_speed vss "
    "wheel_based_vehicle_speed ground_speed",
    "gearbox_temp_c": "transmission_temp transmission_temperature gearbox_temp gearbox_temperature gearbox_oil_temp "
    "transmission_oil_temp transmission_oil_temperature transmission_fluid_temp transmission_fluid_temperature "
    "transmission_oil_temperature_1 trans_temp atf_temp atf_temperature",
    "stft_b1_pct": "stft stft1 stft_1 stft_b1 short_term_fuel_trim short_term_fuel_trim_1 short_term_fuel_trim_bank_1 "
    "short_term_fuel_trim_bank1 short_fuel_trim_bank_1 fuel_trim_bank_1_short_term short_term_fuel_trim_b1 "
    "short_term_fuel_trim_percent_trim_bank_1",
    "ltft_b1_pct": "ltft ltft1 ltft_1 ltft_b1 long_term_fuel_trim long_term_fuel_trim_1 long_term_fuel_trim_bank_1 "
    "long_term_fuel_trim_bank1 long_fuel_trim_bank_1 fuel_trim_bank_1_long_term long_term_fuel_trim_b1 "
    "long_term_fuel_trim_percent_trim_bank_1",
    "catalyst_temp_c": "catalyst_temp catalyst_temperature catalyst_temperature_bank1_sensor1 cat_temp "
    "catalyst_temperature_bank_1_sensor_1 catalyst_temperature_b1s1 catalyst_temperature_bank_1_sensor_1_b1s1",
    "fuel_level_pct": "fuel_level fuel_tank fuel_tank_level fuel_level_input fuel_tank_level_input fuel fuel_remaining "
    "fuel_level_from_engine_ecu fuel_level_1",
    "ambient_temp_c": "ambient_temp ambient_temperature ambient_air_temp ambient_air_temperature outside_temp "
    "outside_temperature outside_air_temp outside_air_temperature",
    "hv_soh_pct": "soh state_of_health battery_soh hv_soh battery_state_of_health hv_battery_soh",
    "hv_temp_max_c": "hv_temp_max battery_temp_max max_battery_temp hv_battery_max_temp",
    "hv_cell_v_min": "min_cell_voltage cell_voltage_min minimum_cell_voltage",
    "hv_cell_v_max": "max_cell_voltage cell_voltage_max maximum_cell_voltage",
    "mil_on": "mil mil_on mil_status check_engine check_engine_light check_engine_lamp cel malfunction_indicator_lamp "
    "malfunction_indicator_lamp_status mil_lamp",
    "mil_flashing": "mil_flashing check_engine_flashing",
    "red_stop_lamp": "red_stop_lamp red_stop_lamp_status rsl stop_lamp",
    "brake_fluid_low": "brake_fluid_low brake_failure low_brake_fluid",
    "abs_error": "abs_error abs_fault abs_failure",
    "esc_error": "esc_error esc_fault esp_error",
    "dtcs": "dtc dtcs dtc_code dtc_codes trouble_code trouble_codes fault_codes diagnostic_trouble_codes active_dtcs "
    "diagnostic_trouble_code stored_dtcs dtc_list",
    "j1939": "j1939 j1939_faults j1939_fault j1939_dtc j1939_dtcs spn_fmi dm1 dm1_faults",
    "odometer_m": "odometer mileage total_distance total_vehicle_distance odometer_reading distance_travelled",
}

CORNERS: Mapping[str, tuple[str, ...]] = {
    "fl": ("fl", "lf", "front_left", "left_front"),
    "fr": ("fr", "rf", "front_right", "right_front"),
    "rl": ("rl", "lr", "rear_left", "left_rear", "back_left"),
    "rr": ("rr", "rear_right", "right_rear", "back_right"),
}
"""Wheel -> its spellings."""

_TYRE = ("tyre", "tire", "tyre_pressure", "tire_pressure", "tpms", "tpms_pressure", "wheel_pressure")
_PAD = ("brake_pad_wear", "brake_wear", "pad_wear", "brake_pad")


def _corners() -> Iterator[tuple[str, str]]:
    for corner, spellings in CORNERS.items():
        for place in spellings:
            for field, things in ((f"tyre_{corner}_kpa", _TYRE), (f"brake_pad_wear_{corner}_pct", _PAD)):
                for thing in things:
                    yield f"{thing}_{place}", field
                    yield f"{place}_{thing}", field
                    first, _, rest = thing.partition("_")
                    yield f"{first}_{place}_{rest}".rstrip("_"), field


SPELLINGS: Mapping[str, str] = {
    **{name: field for field, names in _NAMES.items() for name in names.split()},
    **dict(_corners()),
}
"""Name -> field."""

NEED_UNIT = frozenset(
    [
        "odometer",
        "total_distance",
        "total_vehicle_distance",
        "odometer_reading",
        "distance_travelled",
        "battery",
        "batt",
        "coolant",
        "engine_coolant",
        "fuel",
    ]
)
"""Names that say too little without a unit: a distance in km, miles or metres, a battery's voltage or its charge."""

POSITIONS = frozenset(
    [
        "lat",
        "latitude",
        "lon",
        "lng",
        "long",
        "longitude",
        "gps_lat",
        "gps_latitude",
        "gps_lon",
        "gps_long",
        "gps_lng",
        "gps_longitude",
        "position",
        "location",
        "gps_position",
        "altitude",
        "gps_altitude",
    ]
)
"""Where a vehicle is: never sent, since no rule needs it."""
