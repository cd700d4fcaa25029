//! Decisions and statuses, as tables.
