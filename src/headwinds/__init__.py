"""Headwinds: from documents to evidence about growth."""
