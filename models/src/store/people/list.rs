//! Lists of people, in the order in which they were added.

use std::collections::HashMap;

use uuid::Uuid;

use super::grants::grant;
use super::{People, PersonRow, person_columns};
use crate::domain::branch::BranchPath;
use crate::domain::ids::PersonId;
use crate::domain::person::{Grant, Person, Role};
use crate::store::StoreError;
use crate::store::engine::{fetch, fetch_of_ids};
use crate::store::rows::all;
use crate::store::unit::Session;

/// Which people are asked for.
#[derive(Debug, Clone, Default)]
pub struct PeopleFilter {
    /// Those who are something in one of these branches or below; `None`: everybody.
    pub within: Option<Vec<BranchPath>>,
    /// Those who are this.
    pub role: Option<Role>,
    /// Those whose name, login or number has this in it.
    pub text: Option<String>,
    /// Those who were added after this one.
    pub after: Option<PersonId>,
}

/// A person with what they are.
#[derive(Debug, Clone)]
pub struct PersonOverview {
    /// The person.
    pub person: Person,
    /// What they are, and where.
    pub grants: Vec<Grant>,
}

/// People who fulfil a condition. The condition's own values begin at `$5`.
macro_rules! people {
    ($session:expr, $condition:literal, $filter:expr, $limit:expr $(, $bind:expr)* $(,)?) => {
        fetch!(
            $session.tx(),
            fetch_all,
            sqlx::query_as::<_, PersonRow>(concat!(
                "SELECT ",
                person_columns!(),
                // A text that is in another is not in what is left when it is taken out of it: the one way
                // to say this on both engines without a pattern.
                " FROM people
                 WHERE ($1 IS NULL OR id > $1)
                   AND ($2 IS NULL OR replace(display_name, $2, '') <> display_name
                        OR replace(name, $2, '') <> name OR replace(number, $2, '') <> number)
                   AND ",
                $condition,
                " ORDER BY id LIMIT $4"
            )),
            $filter.after.map(PersonId::uuid),
            &$filter.text,
            $filter.role.map(Role::as_str),
            i64::from($limit)
            $(, $bind)*
        )
    };
}

impl<S: Session> People<'_, S> {
    /// Everybody, by name.
    pub async fn list(&mut self) -> Result<Vec<Person>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, PersonRow>(concat!(
                "SELECT ",
                person_columns!(),
                " FROM people ORDER BY name"
            ))
        )?)
    }

    /// People, at most `limit`, with what they are.
    pub async fn page(
        &mut self,
        filter: &PeopleFilter,
        limit: u32,
    ) -> Result<Vec<PersonOverview>, StoreError> {
        let mut rows = Vec::new();
        match &filter.within {
            None => {
                rows = people!(
                    self.0,
                    "($3 IS NULL OR id IN (SELECT person_id FROM grants WHERE role = $3))",
                    filter,
                    limit
                )?;
            }
            Some(branches) => {
                for branch in branches {
                    rows.extend(people!(
                        self.0,
                        "id IN (SELECT person_id FROM grants
                                WHERE ($3 IS NULL OR role = $3) AND branch >= $5 AND branch < $6)",
                        filter,
                        limit,
                        branch.key(),
                        branch.end(),
                    )?);
                }
            }
        }
        // Each part is complete up to its last row, so what they begin with together is complete.
        rows.sort_unstable_by_key(|row| row.id);
        rows.dedup_by_key(|row| row.id);
        rows.truncate(limit as usize);
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let mut grants = self.grants_of(&ids).await?;
        rows.into_iter()
            .map(|row| {
                let grants = grants.remove(&row.id).unwrap_or_default();
                Ok(PersonOverview { person: row.try_into()?, grants })
            })
            .collect()
    }

    async fn grants_of(&mut self, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<Grant>>, StoreError> {
        let rows = fetch_of_ids!(
            self.0.tx(),
            query_as::<(Uuid, String, String)>,
            ["SELECT person_id, role, branch FROM grants WHERE person_id"],
            ids
        )?;
        let mut grants: HashMap<Uuid, Vec<Grant>> = HashMap::new();
        for (person, role, branch) in rows {
            grants.entry(person).or_default().push(grant(&role, &branch)?);
        }
        for grants in grants.values_mut() {
            grants.sort();
        }
        Ok(grants)
    }
}
