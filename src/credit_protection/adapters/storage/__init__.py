"""Where our own records live: on SQLite or PostgreSQL (`sqlalchemy`), or in this process alone (`memory`)."""
