"""What every kind of record has in common: entities, criteria, figures, flows, the journal and the port of the stores."""

from __future__ import annotations
