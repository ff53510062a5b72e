//! Taking a roster over: what would change, or does.

use serde_json::json;

use super::parse::{BadRow, Problem, RosterPerson};
use crate::domain::audit::{AuditAction, Subject};
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
#[derive(Debug, Clone)]
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

/// Compares what [`parse`](super::parse) has made of a roster with who is there and writes what is new, in this
/// unit of work, with its entry in the audit log. It is to be committed if no row is bad, and if this is no dry
/// run. `may` says whether somebody with these grants may be given another one; for a person who is not there
/// yet, there are none.
pub async fn import(
    unit: &mut UnitOfWork,
    (people, bad): (Vec<RosterPerson>, Vec<BadRow>),
    may: impl Fn(&[Grant], &Grant) -> bool,
) -> Result<RosterReport, StoreError> {
    let mut report = RosterReport { rows: Vec::new(), bad };
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
    report.bad.sort_by_key(|row| row.line);
    let [added, changed] =
        [RosterChange::Added, RosterChange::Changed].map(|change| report.count(change));
    let detail = json!({ "added": added, "changed": changed });
    unit.audit().record(AuditAction::RosterImported, Subject::system(), detail).await?;
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
