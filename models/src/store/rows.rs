//! Small conversions between columns and types of the domain.

use std::fmt::Display;
use std::str::FromStr;

use super::StoreError;
use crate::domain::branch::BranchPath;

/// Reads a column that holds a stable name.
pub(super) fn named<T: FromStr<Err: Display>>(name: &str) -> Result<T, StoreError> {
    name.parse().map_err(|error: T::Err| StoreError::Corrupt(error.to_string()))
}

/// Reads a column that holds a branch's key.
pub(super) fn branch(key: &str) -> Result<BranchPath, StoreError> {
    BranchPath::from_key(key).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// Reads a column that counts something, from 0.
pub(super) fn count(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(if number < 0 { 0 } else { u32::MAX })
}

/// Converts rows that are all readable, or tells which is not.
pub(super) fn all<R, T>(rows: Vec<R>) -> Result<Vec<T>, StoreError>
where
    T: TryFrom<R, Error = StoreError>,
{
    rows.into_iter().map(T::try_from).collect()
}
