//! What people are, and where; whom they look after; the branches.

use serde_json::{Value, json};
use uuid::Uuid;

use super::People;
use crate::domain::access::Principal;
use crate::domain::audit::AuditAction;
use crate::domain::branch::BranchPath;
use crate::domain::ids::PersonId;
use crate::domain::person::Grant;
use crate::domain::scope::Scopes;
use crate::store::StoreError;
use crate::store::engine::{execute, fetch};
use crate::store::rows::{branch as branch_of, named};
use crate::store::unit::{HasTx, Session, UnitOfWork};

impl<S: Session> People<'_, S> {
    /// What a person is, and where.
    pub async fn grants(&mut self, of: PersonId) -> Result<Vec<Grant>, StoreError> {
        let rows = fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, (String, String)>(
                "SELECT role, branch FROM grants WHERE person_id = $1 ORDER BY branch, role"
            ),
            of.uuid()
        )?;
        rows.into_iter().map(|(role, branch)| grant(&role, &branch)).collect()
    }

    /// Everything that decides what a person may do.
    pub async fn principal(&mut self, person: PersonId) -> Result<Principal, StoreError> {
        let grants = self.grants(person).await?;
        let contacts = fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_scalar::<_, Uuid>("SELECT activist_id FROM contacts WHERE contact_id = $1"),
            person.uuid()
        )?;
        let contacts = contacts.into_iter().map(PersonId::from).collect();
        Ok(Principal { person, grants, contacts, scopes: Scopes::all() })
    }

    /// All branches below one, and that one, in the order of their paths.
    pub async fn branches(&mut self, within: &BranchPath) -> Result<Vec<BranchPath>, StoreError> {
        let paths = fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_scalar::<_, String>(
                "SELECT path FROM branches WHERE path >= $1 AND path < $2 ORDER BY path"
            ),
            within.key(),
            within.end()
        )?;
        paths.iter().map(|path| branch_of(path)).collect()
    }
}

pub(super) fn grant(role: &str, branch: &str) -> Result<Grant, StoreError> {
    Ok(Grant { role: named(role)?, branch: branch_of(branch)? })
}

impl People<'_, UnitOfWork> {
    /// Makes a person something in a branch. The branch, and those above it, are added if they are not
    /// there. Says whether it is new.
    pub async fn grant(&mut self, to: PersonId, grant: &Grant) -> Result<bool, StoreError> {
        self.grant_from(to, grant, "").await
    }

    /// Makes a person what the rules of a sign-on say, and takes away what they said earlier and no longer do.
    pub async fn sync_grants(
        &mut self,
        of: PersonId,
        source: &str,
        grants: &[Grant],
    ) -> Result<(), StoreError> {
        let before = fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, (String, String)>(
                "SELECT role, branch FROM grants WHERE person_id = $1 AND source = $2"
            ),
            of.uuid(),
            source
        )?;
        for (role, branch) in before {
            let old = grant(&role, &branch)?;
            if !grants.contains(&old) {
                self.revoke(of, &old).await?;
            }
        }
        for grant in grants {
            self.grant_from(of, grant, source).await?;
        }
        Ok(())
    }

    async fn grant_from(
        &mut self,
        to: PersonId,
        grant: &Grant,
        source: &str,
    ) -> Result<bool, StoreError> {
        self.need_branch(&grant.branch).await?;
        let (actor, now) = (self.0.actor().to_string(), self.0.now());
        let added = execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO grants (person_id, role, branch, source, created_by, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING"
            ),
            to.uuid(),
            grant.role.as_str(),
            grant.branch.key(),
            source,
            actor,
            now
        )?;
        if added == 1 {
            self.0.audit().record(AuditAction::Granted, to, detail(grant)).await?;
        }
        Ok(added == 1)
    }

    /// Takes away what a person is in a branch. Says whether they were that.
    pub async fn revoke(&mut self, from: PersonId, grant: &Grant) -> Result<bool, StoreError> {
        let removed = execute!(
            self.0.tx(),
            sqlx::query("DELETE FROM grants WHERE person_id = $1 AND role = $2 AND branch = $3"),
            from.uuid(),
            grant.role.as_str(),
            grant.branch.key()
        )?;
        if removed == 1 {
            self.0.audit().record(AuditAction::Revoked, from, detail(grant)).await?;
        }
        Ok(removed == 1)
    }

    /// Makes somebody the contact person of an activist, or no longer.
    pub async fn set_contact(
        &mut self,
        contact: PersonId,
        activist: PersonId,
        is: bool,
    ) -> Result<(), StoreError> {
        let (actor, now) = (self.0.actor().to_string(), self.0.now());
        let changed = if is {
            execute!(
                self.0.tx(),
                sqlx::query(
                    "INSERT INTO contacts (contact_id, activist_id, created_by, created_at)
                     VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
                ),
                contact.uuid(),
                activist.uuid(),
                actor,
                now
            )?
        } else {
            execute!(
                self.0.tx(),
                sqlx::query("DELETE FROM contacts WHERE contact_id = $1 AND activist_id = $2"),
                contact.uuid(),
                activist.uuid()
            )?
        };
        if changed == 1 {
            let action = if is { AuditAction::ContactAdded } else { AuditAction::ContactRemoved };
            self.0.audit().record(action, contact, json!({ "activist": activist })).await?;
        }
        Ok(())
    }

    /// Adds a branch, and those above it, if it is not there.
    pub(in crate::store) async fn need_branch(
        &mut self,
        branch: &BranchPath,
    ) -> Result<(), StoreError> {
        let known = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_scalar::<_, i32>("SELECT 1 FROM branches WHERE path = $1"),
            branch.key()
        )?;
        if known.is_none() {
            for branch in branch.lineage() {
                self.add_branch(&branch).await?;
            }
        }
        Ok(())
    }

    async fn add_branch(&mut self, branch: &BranchPath) -> Result<(), StoreError> {
        let (actor, now) = (self.0.actor().to_string(), self.0.now());
        execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO branches (path, created_by, created_at)
                 VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
            ),
            branch.key(),
            actor,
            now
        )?;
        Ok(())
    }
}

/// What the audit log says of a grant.
fn detail(grant: &Grant) -> Value {
    json!({ "role": grant.role, "branch": grant.branch.to_string() })
}
