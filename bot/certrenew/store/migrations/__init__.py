"""Alembic's environment and the migrations, each one file."""
