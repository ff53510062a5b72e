//! Taking a roster over: what would change, or does.

use super::parse::{BadRow, Problem, RosterPerson};
use crate::domain::ids::PersonId;
use crate::domain::person::{Grant, Person};
use crate::store::{NewPerson, StoreError, UnitOfWork};

/// What a roster changes of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RosterChange {
    /// The account is new.
    Added,
    /// The name, the address or what they are is new.
    Changed,
    /// Nothing.
    Unchanged,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterRowReport {
    /// The person.
    pub id: PersonId,
    /// The row.
    pub row: RosterPerson,
    /// What it changes.
    pub change: RosterChange,
}

/// What a roster would change, or has changed.
#[derive(Debug, Clone, Default)]
pub struct RosterReport {
    /// The rows that can be taken over.
    pub rows: Vec<RosterRowReport>,
    /// The others. If there are any, nothing is changed.
    pub bad: Vec<BadRow>,
}

impl RosterReport {
    /// How many rows change that.
    pub fn count(&self, change: RosterChange) -> usize {
        self.rows.iter().filter(|row| row.change == change).count()
    }
}

/// Compares people of a roster with who is there and writes what is new, in this unit of work: a dry run does
/// not commit it. `may` says whether somebody with these grants may be given another one; for a person who is
/// not there yet, there are none.
pub async fn import(
    unit: &mut UnitOfWork,
    people: Vec<RosterPerson>,
    may: impl Fn(&[Grant], &Grant) -> bool,
) -> Result<RosterReport, StoreError> {
    let mut report = RosterReport::default();
    for row in people {
        let (line, grant) = (row.line, Grant { role: row.role, branch: row.branch.clone() });
        let known = unit.people().by_number(&row.number).await?;
        let grants = match &known {
            Some(person) => unit.people().grants(person.id).await?,
            None => vec![],
        };
        if !may(&grants, &grant) {
            let value = grant.branch.to_string();
            report.bad.push(BadRow { line, problem: Problem::NotAllowed, value });
            continue;
        }
        let done = match known {
            Some(person) => Some((person.id, update(unit, &person, &row).await?)),
            None => add(unit, &row).await?.map(|id| (id, RosterChange::Added)),
        };
        let Some((id, mut change)) = done else {
            let value = row.login.as_str().to_owned();
            report.bad.push(BadRow { line, problem: Problem::LoginTaken, value });
            continue;
        };
        if unit.people().grant(id, &grant).await? && change == RosterChange::Unchanged {
            change = RosterChange::Changed;
        }
        report.rows.push(RosterRowReport { id, row, change });
    }
    Ok(report)
}

/// Adds the account; `None` if its login is taken.
async fn add(unit: &mut UnitOfWork, row: &RosterPerson) -> Result<Option<PersonId>, StoreError> {
    let new = NewPerson {
        id: PersonId::new(),
        name: row.login.clone(),
        display_name: row.display_name.clone(),
        number: Some(row.number.clone()),
        email: row.email.clone(),
        password_hash: None,
    };
    Ok(unit.people().insert(&new).await?.then_some(new.id))
}

/// Writes what the roster knows better. The login stays: somebody may have learned it by heart.
async fn update(
    unit: &mut UnitOfWork,
    person: &Person,
    row: &RosterPerson,
) -> Result<RosterChange, StoreError> {
    let email = row.email.clone().or_else(|| person.email.clone());
    if (&person.display_name, &person.email) == (&row.display_name, &email) {
        return Ok(RosterChange::Unchanged);
    }
    let number = Some(row.number.clone());
    unit.people().describe(person.id, &row.display_name, number.as_ref(), email.as_deref()).await?;
    Ok(RosterChange::Changed)
}
