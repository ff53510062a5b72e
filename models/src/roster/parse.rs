//! People of a roster's rows. Columns are found by their names in the first row, in Chinese or English, in any
//! order; others are left alone.

use std::collections::{HashMap, HashSet};

use crate::domain::branch::BranchPath;
use crate::domain::failure::Lang;
use crate::domain::person::{LoginName, Number, Role, display_name, is_email};

/// A person in a roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterPerson {
    /// The row's number in the file, from 1.
    pub line: u32,
    /// The student or staff number.
    pub number: Number,
    /// The name that others see.
    pub display_name: String,
    /// The name to sign in with: the number if the roster gives none.
    pub login: LoginName,
    /// What the person is.
    pub role: Role,
    /// Where.
    pub branch: BranchPath,
    /// Where mail reaches them.
    pub email: Option<String>,
}

/// A row that cannot be taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// The row's number in the file, from 1; 0 is the file as a whole.
    pub line: u32,
    /// What is wrong with it.
    pub problem: Problem,
    /// What stands there.
    pub value: String,
}

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $zh:literal, $en:literal;)*) => {
        /// Why a row cannot be taken over.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Problem {
            $($(#[$doc])* $name,)*
        }

        impl Problem {
            /// The stable code.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What is wrong and what to do.
            pub fn message(self, lang: Lang) -> &'static str {
                match self { $(Self::$name => lang.pick($zh, $en),)* }
            }
        }
    };
}

problems! {
    /// There is no column of numbers, names or branches.
    MissingColumn = "missing_column",
        "缺少这一列。第一行须有表头：学号、姓名、支部（可选：角色、登录名、邮箱）。",
        "This column is missing. The first row has to name them: number, name, branch (if you like: role, login, email).";
    /// There is no number, or it is none.
    BadNumber = "bad_number",
        "学号（工号）为空或不可用：须为 1 到 32 个字母、数字或连字符。",
        "The number is empty or cannot be used: it has 1 to 32 letters, digits or hyphens.";
    /// Another row has the same number.
    DuplicateNumber = "duplicate_number",
        "同一学号在名单里出现了两次，而内容不同。",
        "The same number appears twice, with different content.";
    /// There is no name.
    MissingName = "missing_name", "姓名为空。", "The name is empty.";
    /// There is no branch, or it is none.
    BadBranch = "bad_branch",
        "支部为空或格式不正确：写作 /学院/支部。",
        "The branch is empty or malformed: write /college/branch.";
    /// A role that there is not.
    BadRole = "bad_role",
        "角色不正确：写 入党积极分子、审阅人 或 管理员。",
        "There is no such role: write activist, reviewer or operator.";
    /// A name that nobody can sign in with.
    BadLogin = "bad_login",
        "登录名不可用：须为 1 到 64 个字符，不含空格和斜杠。",
        "This login cannot be used: it has 1 to 64 characters, without spaces and slashes.";
    /// Somebody else signs in with this name.
    LoginTaken = "login_taken",
        "登录名已被另一个用户占用。请另取登录名，或先给那个用户填上学号。",
        "Another account has this login. Choose another one, or give that account its number first.";
    /// No address of mail.
    BadEmail = "bad_email", "邮箱地址格式不正确。", "This is no address of mail.";
    /// Whoever imports may not do this.
    NotAllowed = "not_allowed",
        "你没有权限在这个支部管理这名人员。",
        "You may not manage this person in this branch.";
}

/// Where the columns are.
struct Columns {
    number: usize,
    name: usize,
    branch: usize,
    role: Option<usize>,
    login: Option<usize>,
    email: Option<usize>,
}

/// Takes people from rows: all that can be read, and everything that is wrong with the others.
pub fn parse(rows: &[Vec<String>]) -> (Vec<RosterPerson>, Vec<BadRow>) {
    let header = rows.first().map(Vec::as_slice).unwrap_or_default();
    let columns = match columns(header) {
        Ok(columns) => columns,
        Err(missing) => return (vec![], missing),
    };
    let (mut people, mut bad) = (Vec::new(), Vec::new());
    // Rows that were there already, and what those with the same number say of the person.
    let (mut seen, mut known) = (HashSet::new(), HashMap::new());
    for (row, line) in rows.iter().zip(1..).skip(1) {
        if row.iter().all(String::is_empty) {
            continue;
        }
        match person(row, line, &columns) {
            Err((problem, value)) => bad.push(BadRow { line, problem, value }),
            Ok(person)
                if seen.insert((person.number.clone(), person.role, person.branch.clone())) =>
            {
                // One person may be several things; what they are called must be the same.
                let said =
                    (person.display_name.clone(), person.login.clone(), person.email.clone());
                if *known.entry(person.number.clone()).or_insert_with(|| said.clone()) == said {
                    people.push(person);
                } else {
                    let value = person.number.as_str().to_owned();
                    bad.push(BadRow { line, problem: Problem::DuplicateNumber, value });
                }
            }
            // The same row once more.
            Ok(_) => {}
        }
    }
    (people, bad)
}

fn columns(header: &[String]) -> Result<Columns, Vec<BadRow>> {
    let find = |names: &[&str]| {
        header.iter().position(|cell| names.contains(&cell.trim().to_lowercase().as_str()))
    };
    let number = find(&[
        "学号",
        "工号",
        "学号/工号",
        "学工号",
        "number",
        "student number",
        "student_number",
    ]);
    let name = find(&["姓名", "name", "display_name", "display name"]);
    let branch = find(&["支部", "党支部", "所在支部", "branch"]);
    let (Some(number), Some(name), Some(branch)) = (number, name, branch) else {
        let missing = [(number, "学号 / number"), (name, "姓名 / name"), (branch, "支部 / branch")];
        let missing = missing.into_iter().filter(|(column, _)| column.is_none());
        let bad = |(_, value): (Option<usize>, &str)| BadRow {
            line: 0,
            problem: Problem::MissingColumn,
            value: value.to_owned(),
        };
        return Err(missing.map(bad).collect());
    };
    Ok(Columns {
        number,
        name,
        branch,
        role: find(&["角色", "身份", "role"]),
        login: find(&["登录名", "用户名", "login"]),
        email: find(&["邮箱", "电子邮箱", "邮件", "email", "e-mail", "mail"]),
    })
}

fn person(row: &[String], line: u32, columns: &Columns) -> Result<RosterPerson, (Problem, String)> {
    let cell = |column: usize| inert_undone(row.get(column).map_or("", String::as_str).trim());
    let optional = |column: Option<usize>| column.map(cell).filter(|cell| !cell.is_empty());
    let wrong = |problem, value: &str| (problem, value.to_owned());
    let number = cell(columns.number);
    let number = Number::parse(number).map_err(|_| wrong(Problem::BadNumber, number))?;
    let name = display_name(cell(columns.name)).ok_or_else(|| wrong(Problem::MissingName, ""))?;
    let branch = cell(columns.branch);
    let branch = branch.parse().map_err(|_| wrong(Problem::BadBranch, branch))?;
    let role = match optional(columns.role) {
        None => Role::Activist,
        Some(name) => role(name).ok_or_else(|| wrong(Problem::BadRole, name))?,
    };
    let login = optional(columns.login).unwrap_or(number.as_str());
    let login = LoginName::parse(login).map_err(|_| wrong(Problem::BadLogin, login))?;
    let email = match optional(columns.email) {
        Some(email) if !is_email(email) => return Err(wrong(Problem::BadEmail, email)),
        email => email.map(str::to_owned),
    };
    Ok(RosterPerson { line, number, display_name: name, login, role, branch, email })
}

fn role(name: &str) -> Option<Role> {
    match name.to_lowercase().as_str() {
        "入党积极分子" | "积极分子" => Some(Role::Activist),
        "审阅人" | "审阅" | "支部委员" => Some(Role::Reviewer),
        "管理员" => Some(Role::Operator),
        name => name.parse().ok(),
    }
}

/// An export puts an apostrophe before what a spreadsheet would take for a formula.
fn inert_undone(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Vec<RosterPerson>, Vec<(u32, &'static str)>) {
        let rows = super::super::read(text.as_bytes()).unwrap();
        let (people, bad) = parse(&rows);
        (people, bad.into_iter().map(|row| (row.line, row.problem.as_str())).collect())
    }

    #[test]
    fn people_are_read_whatever_the_order_of_the_columns() {
        let (people, bad) = parsed(
            "备注,支部,姓名,学号,角色,邮箱\n\
             x,/计算机/一支部,李晓明,20260001,,li@example.org\n\
             \n\
             ,/计算机,陈老师,T-7,审阅人,\n",
        );
        assert_eq!(bad, []);
        let [li, chen] = &people[..] else { panic!("{people:?}") };
        assert_eq!((li.line, li.role, li.login.as_str()), (2, Role::Activist, "20260001"));
        assert_eq!(li.email.as_deref(), Some("li@example.org"));
        assert_eq!((chen.line, chen.role, chen.login.as_str()), (4, Role::Reviewer, "t-7"));
    }

    #[test]
    fn each_bad_row_is_named() {
        let (people, bad) = parsed(
            "number,name,branch,role,login,email\n\
             ,A,/a,,,\n1,,/a,,,\n2,B,a,,,\n3,C,/a,king,,\n4,D,/a,,a b,\n5,E,/a,,,nobody\n\
             6,F,/a,,,\n6,G,/a/b,,,\n6,F,/b,reviewer,,\n6,F,/a,,,\n",
        );
        let expected = [
            (2, "bad_number"),
            (3, "missing_name"),
            (4, "bad_branch"),
            (5, "bad_role"),
            (6, "bad_login"),
            (7, "bad_email"),
            (9, "duplicate_number"),
        ];
        assert_eq!(bad, expected);
        assert_eq!(people.len(), 2, "one person, who is two things");
    }

    #[test]
    fn missing_columns_are_named() {
        assert_eq!(parsed("姓名\n李\n").1, [(0, "missing_column"), (0, "missing_column")]);
        assert_eq!(parsed("").1.len(), 3);
    }
}
