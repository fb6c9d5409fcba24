"""Who may do what: accounts, roles, organisation scope, separation of persons."""
