"""Derived tables of the boards, the forecast and the map: built from the record, brought up set-based, deletable at any time."""
