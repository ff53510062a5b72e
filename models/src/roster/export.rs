//! People as a table that spreadsheets open, and that can be imported again.

use crate::domain::branch::BranchPath;
use crate::domain::person::{Grant, Person};

/// A person with what they are.
pub struct ExportedPerson {
    /// The person.
    pub person: Person,
    /// What they are, and where.
    pub grants: Vec<Grant>,
}

/// Writes what people are within some branches, a row for each: UTF-8 with the byte order mark that Excel needs.
pub fn export(people: &[ExportedPerson], within: &[BranchPath]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    let header = ["学号", "姓名", "支部", "角色", "登录名", "邮箱", "停用"];
    // Writing to memory does not fail.
    let _ = writer.write_record(header);
    for ExportedPerson { person, grants } in people {
        let seen = |grant: &&Grant| within.iter().any(|branch| branch.contains(&grant.branch));
        for grant in grants.iter().filter(seen) {
            let disabled = person.disabled_at.map(|at| at.date_naive().to_string());
            let _ = writer.write_record([
                inert(person.number.as_ref().map_or("", |number| number.as_str())),
                inert(&person.display_name),
                inert(&grant.branch.to_string()),
                grant.role.as_str().to_owned(),
                inert(person.name.as_str()),
                inert(person.email.as_deref().unwrap_or_default()),
                disabled.unwrap_or_default(),
            ]);
        }
    }
    writer.into_inner().unwrap_or_default()
}

/// A cell that no spreadsheet takes for a formula (OWASP, CSV injection).
fn inert(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        return format!("'{cell}");
    }
    cell.to_owned()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::ids::PersonId;
    use crate::domain::person::{LoginName, Number, Role};

    #[test]
    fn what_is_exported_can_be_imported_and_is_no_formula() {
        let grant = |role, branch: &str| Grant { role, branch: branch.parse().unwrap() };
        let person = Person {
            id: PersonId::new(),
            name: LoginName::parse("=cmd").unwrap(),
            display_name: "=1+1, \"李\"".into(),
            number: Some(Number::parse("2026").unwrap()),
            email: None,
            disabled_at: None,
            created_at: DateTime::UNIX_EPOCH,
        };
        let grants = vec![grant(Role::Activist, "/a/b"), grant(Role::Reviewer, "/c")];
        let people = [ExportedPerson { person, grants }];
        let csv = export(&people, &["/a".parse().unwrap()]);
        let text = String::from_utf8(csv.clone()).unwrap();
        assert_eq!(text.lines().count(), 2, "what somebody is elsewhere is not told: {text}");
        assert!(!text.contains(",=") && text.contains("'=1+1"), "{text}");
        let (parsed, bad) = super::super::parse(&super::super::read(&csv).unwrap());
        assert_eq!(bad, []);
        assert_eq!(parsed[0].display_name, people[0].person.display_name);
        assert_eq!(parsed[0].login, people[0].person.name);
    }
}
