"""The copy of a person's own data that she asks for (个人信息保护法 45): gathered, told on a page, packed. Reads only."""
