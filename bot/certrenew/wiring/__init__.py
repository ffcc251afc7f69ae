"""Builds the application from settings: the only place that knows every adapter."""
