"""Where records are kept: in memory, or in a database that speaks SQL."""
