"""How a state changes: lock, facts, permit, transition, audit, clocks, outbox — for one row or a thousand."""
