"""JSON API, version 1: every verb of every role, for programs and for the pages' scripts."""
