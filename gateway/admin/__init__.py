"""The admin port: metrics, health and, later, the API and pages."""
