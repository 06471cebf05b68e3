"""The `loa` command: one module a family of verbs, each a thin shell around the services."""
