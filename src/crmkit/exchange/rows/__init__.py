"""What a line can be about: one class per kind of record, and what it says in commands of the areas."""
