"""The medical insurance's feed: read as a stream, checked in columns, laid by member's blind index; nothing in it names anybody."""
