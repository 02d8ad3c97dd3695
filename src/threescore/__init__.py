"""Threescore: a developer-first CRM platform."""

__version__ = "0.1.0"
