"""The control process: owns the configuration, adopts workers, answers operators."""
