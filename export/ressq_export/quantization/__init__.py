"""int8: calibration, activation ranges, the steps that make it accurate, and the gate that decides."""
