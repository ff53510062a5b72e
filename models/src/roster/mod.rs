//! Rosters: lists of people as branches keep them, in spreadsheets.
//!
//! [`read`] makes rows of cells of a file, [`parse`] people of the rows, and [`import`] compares them with who
//! is there: what it would do, or does, is a [`RosterReport`]. People are told apart by their number, so that
//! the same roster can be taken over as often as one likes.

mod export;
mod import;
mod parse;
mod table;

pub use export::{ExportedPerson, export};
pub use import::{RosterChange, RosterReport, RosterRowReport, import};
pub use parse::{BadRow, Problem, RosterPerson, parse};
pub use table::{MAX_BYTES, TableError, read};
