//! `huibao user import` and `export`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use huibao_models::credentials::{NewSecret, hash_password};
use huibao_models::domain::branch::BranchPath;
use huibao_models::domain::failure::{Failure, Lang};
use huibao_models::roster::{
    self, ExportedPerson, RosterChange, RosterReport, RosterRowReport, TableError,
};
use huibao_models::store::{PeopleFilter, Store};
use serde_json::{Value, json};

use crate::commands::unit::begin;
use crate::exit::CommandError;

/// Exit code where rows cannot be taken over.
const BAD_INPUT: u8 = 65;

/// Flags of `huibao user import`.
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// The roster
    file: PathBuf,
    /// Change nothing, only say what would be
    #[arg(long)]
    dry_run: bool,
    /// Make a password for everybody who is new, and print it
    #[arg(long)]
    passwords: bool,
}

/// Takes a roster over, all of it or nothing.
pub(super) async fn import(
    store: &Store,
    args: ImportArgs,
    lang: Lang,
    json: bool,
) -> Result<ExitCode, CommandError> {
    let bytes = std::fs::read(&args.file).map_err(|error| CommandError::Usage {
        zh: format!("无法读取 {}：{error}", args.file.display()),
        en: format!("cannot read {}: {error}", args.file.display()),
    })?;
    let rows = roster::read(&bytes).map_err(|error| unreadable(&args, error))?;
    let mut unit = begin(store).await?;
    let report = roster::import(&mut unit, roster::parse(&rows), |_, _| true).await;
    let report = report.map_err(Failure::from)?;
    let imported = report.bad.is_empty() && !args.dry_run;
    let mut passwords = Vec::new();
    if imported {
        unit.commit().await.map_err(Failure::from)?;
        if args.passwords {
            passwords = give_passwords(store, &report).await?;
        }
    } else {
        drop(unit);
    }
    print(&report, &passwords, imported, lang, json);
    Ok(if report.bad.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(BAD_INPUT) })
}

fn unreadable(args: &ImportArgs, error: TableError) -> CommandError {
    CommandError::Usage {
        zh: format!(
            "无法读取 {}（{error}）。请使用不超过 5 MB 的 .csv 或 .xlsx 文件。",
            args.file.display()
        ),
        en: format!(
            "cannot read {}: {error}; use a .csv or .xlsx of at most 5 MB",
            args.file.display()
        ),
    }
}

fn added(report: &RosterReport) -> impl Iterator<Item = &RosterRowReport> {
    report.rows.iter().filter(|row| row.change == RosterChange::Added)
}

/// Passwords for those who are new, in the order of the rows.
async fn give_passwords(store: &Store, report: &RosterReport) -> Result<Vec<String>, CommandError> {
    let mut passwords = Vec::new();
    for row in added(report) {
        let password = NewSecret::password().map_err(Failure::internal)?;
        let hash = hash_password(password.expose()).map_err(Failure::internal)?;
        let mut unit = begin(store).await?;
        unit.people().set_password_hash(row.id, &hash, None).await.map_err(Failure::from)?;
        unit.commit().await.map_err(Failure::from)?;
        passwords.push(password.expose().to_owned());
    }
    Ok(passwords)
}

#[expect(clippy::print_stdout, reason = "this is the command's answer")]
fn print(report: &RosterReport, passwords: &[String], imported: bool, lang: Lang, json: bool) {
    let [added_count, changed, unchanged] =
        [RosterChange::Added, RosterChange::Changed, RosterChange::Unchanged]
            .map(|change| report.count(change));
    if json {
        let problems = report.bad.iter().map(|bad| {
            json!({
                "line": bad.line,
                "code": bad.problem.as_str(),
                "message": bad.problem.message(lang),
                "value": bad.value,
            })
        });
        let people = added(report).enumerate().map(|(place, row)| {
            json!({
                "number": row.row.number.as_str(),
                "display_name": row.row.display_name,
                "name": row.row.login.as_str(),
                "password": passwords.get(place),
            })
        });
        let (problems, people): (Vec<Value>, Vec<Value>) = (problems.collect(), people.collect());
        let answer = json!({
            "imported": imported,
            "added": added_count,
            "changed": changed,
            "unchanged": unchanged,
            "problems": problems,
            "people": people,
        });
        println!("{answer}");
        return;
    }
    for bad in &report.bad {
        let line = lang.pick("第", "line ");
        let of = lang.pick(" 行", "");
        println!("{line}{}{of}: {} {:?}", bad.line, bad.problem.message(lang), bad.value);
    }
    for (row, password) in added(report).zip(passwords) {
        let row = &row.row;
        println!(
            "{}\t{}\t{}\t{password}",
            row.number.as_str(),
            row.display_name,
            row.login.as_str()
        );
    }
    let done = match (imported, report.bad.is_empty()) {
        (true, _) => lang.pick("已导入", "imported"),
        (false, true) => lang.pick("将会导入（未改动）", "would import (nothing is changed)"),
        (false, false) => lang.pick("没有导入", "nothing is imported"),
    };
    let new = lang.pick("新增", "new");
    let other = lang.pick("更新", "changed");
    let same = lang.pick("未变", "unchanged");
    println!("{done}: {added_count} {new}, {changed} {other}, {unchanged} {same}");
}

/// Prints everybody as a table.
pub(super) async fn export(store: &Store) -> Result<(), CommandError> {
    let mut snapshot = store.snapshot().await.map_err(Failure::from)?;
    let people = snapshot.people().page(&PeopleFilter::default(), u32::MAX).await;
    let people = people.map_err(Failure::from)?.into_iter();
    let people: Vec<_> =
        people.map(|entry| ExportedPerson { person: entry.person, grants: entry.grants }).collect();
    let table = roster::export(&people, &[BranchPath::root()]);
    drop(snapshot);
    std::io::stdout().lock().write_all(&table).map_err(Failure::from)?;
    Ok(())
}
