//! Runs that go on for months: they go on on newer versions where those take their states, and stay where they don't.

mod asking;
mod builder;
mod ledger;
mod months;
mod replayed;
mod upgrades;
